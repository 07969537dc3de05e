import { Failure } from '../../base/failure.ts'
import { connectProbe, type Probe, sayWhy } from '../connect.ts'
import { askDrupal7 } from './askDrupal7.ts'
import { askWordPress } from './askWordPress.ts'
import type { Detection } from './detectSite.ts'

/**
 * Completes a detection with what stands only in the site's database: WordPress's address and option `upload_path`, the file
 * paths of Drupal 7. A database that cannot be asked leaves a note, never a failure.
 */
export async function askDatabase(detection: Detection): Promise<Detection> {
  if (detection.database === null || detection.refusal !== null) return detection
  const withNote = (note: string): Detection => ({ ...detection, notes: [...detection.notes, note] })
  let probe: Probe
  try {
    probe = await connectProbe(detection.database)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return withNote(`${error.message}. ${error.hint ?? ''}`.trim())
  }
  try {
    return await ask(detection, probe)
  } catch (error) {
    return withNote(`The tables of the site cannot be read: ${sayWhy(error)}`)
  } finally {
    await probe.close()
  }
}

async function ask(detection: Detection, probe: Probe): Promise<Detection> {
  switch (detection.framework) {
    case 'wordpress':
    case 'wordpress_network':
      return askWordPress(detection, probe)
    case 'drupal7':
      return askDrupal7(detection, probe)
    default:
      return detection // that it answers is all there is to know
  }
}

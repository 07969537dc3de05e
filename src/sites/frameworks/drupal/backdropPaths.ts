import { join } from 'node:path'
import { readSmallFile } from '../../php/readPhp.ts'
import { toText, Unknown } from '../../php/values.ts'
import { fromDocroot, type Settings } from './readSettings.ts'

export interface BackdropPaths {
  publicFiles: string | null
  privateFiles: string | null
  configDirectories: string[]
}

/** Backdrop keeps where its files are in its active configuration, which is files itself. */
export function backdropPaths(docroot: string, settings: Settings, notes: string[]): BackdropPaths {
  const active = directoryOf(settings, 'active', docroot, notes)
  const staging = directoryOf(settings, 'staging', docroot, notes)
  const config = active === null ? null : readConfig(join(active, 'system.core.json'))
  if (active !== null && config === null) {
    notes.push(`The active configuration "${active}" has no system.core.json: whether the site has private files is not known`)
  }
  const privateFiles = pathOf(config, 'file_private_path')
  return {
    publicFiles: pathOf(config, 'file_public_path'),
    privateFiles: privateFiles === null ? null : fromDocroot(docroot, privateFiles),
    configDirectories: [active, staging].filter((directory) => directory !== null),
  }
}

function directoryOf(settings: Settings, name: string, docroot: string, notes: string[]): string | null {
  const all = settings.variables.get('config_directories')
  const value = all instanceof Map ? all.get(name) : all
  if (value === undefined || value === null) return null
  const text = toText(value)
  if (!(text instanceof Unknown)) return text === '' ? null : fromDocroot(docroot, text)
  notes.push(`$config_directories['${name}'] is not known: ${text.reason}`)
  return null
}

function readConfig(path: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(readSmallFile(path) ?? 'null')
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function pathOf(config: Record<string, unknown> | null, name: string): string | null {
  const value = config?.[name]
  return typeof value === 'string' && value !== '' ? value : null
}

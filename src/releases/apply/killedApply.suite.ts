// A process that carries out one step of an apply and may kill itself before a given change to the disk:
//   node killedApply.suite.ts STEP TREE MODEL WORKNAME [KILL_AT [VANISHING]]
// VANISHING: JSON, the paths in the tree that the site deletes between the plan and the play.
import { rmSync } from 'node:fs'
import { onEachChange } from '../../hosts/local/changes.ts'
import { playBack, playForward } from './play.ts'
import { prepareApply, refreshApply } from './prepare.ts'
import { optionsFrom, partFrom } from './randomTree.suite.ts'
import { dropUndo, recoverApply } from './recover.ts'

export const killedApplyFile = import.meta.filename

if (process.argv[1] === killedApplyFile) {
  const [, , step = '', tree = '', model = '', workName = '', killAt = '0', vanishing = '[]'] = process.argv
  let changes = 0
  let playFrom = 0
  onEachChange(() => {
    changes += 1
    if (changes === Number(killAt)) process.kill(process.pid, 'SIGKILL')
  })
  const options = optionsFrom([partFrom(tree, model)], workName)
  const home = `${tree}/${workName}`
  const steps: Record<string, () => Promise<unknown>> = {
    async apply() {
      await refreshApply(options, await prepareApply(options))
      playFrom = changes
      for (const path of JSON.parse(vanishing) as string[]) rmSync(tree + path)
      await playForward(home, options)
    },
    back: () => playBack(home, options),
    forward: () => playForward(home, options),
    recover: () => recoverApply(home, options),
    drop: async () => dropUndo(home),
  }
  const result = await steps[step]?.()
  process.stdout.write(`${step === 'recover' ? result : `${playFrom}/${changes}`}`)
}

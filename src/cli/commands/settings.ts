import { Failure } from '../../base/failure.ts'
import type { InstallationSettings, SettingsChange } from '../../contract/settingsSchemas.ts'
import { type Invoke, makeCommand } from '../command.ts'
import { type Column, singleOf } from '../output/data.ts'

const columns: Column[] = [{ name: 'supportContact', title: 'Support contact' }]

export function settingsInfo(invoke: Invoke) {
  return makeCommand('settings:info', {
    summary: 'Show what is set for everybody on this installation',
    examples: [['settings:info', 'all of it']],
  }).action(() =>
    invoke(async ({ client }) => ({ data: singleOf(columns, { ...(await client.get<InstallationSettings>('/v1/settings')) }) })),
  )
}

export function settingsEdit(invoke: Invoke) {
  return makeCommand('settings:edit', {
    summary: 'Change what is set for everybody on this installation',
    examples: [
      ['settings:edit --support-contact="web@example.org, 030 1234"', 'shown beside every workflow that failed'],
      ['settings:edit --support-contact=""', 'nobody any more'],
    ],
  })
    .option('--support-contact <text>', 'whom to ask when something failed; empty for nobody')
    .action(({ supportContact }) =>
      invoke(async ({ client }) => {
        if (supportContact === undefined) {
          throw new Failure('INPUT_INVALID', 'Cannot change the settings: nothing was given', {
            hint: 'Add --support-contact=TEXT',
          })
        }
        const change: SettingsChange = { supportContact: supportContact === '' ? null : supportContact }
        return { data: singleOf(columns, { ...(await client.patch<InstallationSettings>('/v1/settings', change)) }) }
      }),
    )
}

import { InstallationSettings, SettingsChange } from '../../contract/settingsSchemas.ts'
import type { ApiDeps } from '../deps.ts'
import type { Api } from '../server.ts'

/** What an administrator sets for everybody. */
export function settingRoutes(app: Api, { settings }: ApiDeps): void {
  app.get(
    '/v1/settings',
    {
      config: { action: 'settings.read' },
      schema: { summary: 'What is set for everybody on this installation', response: { 200: InstallationSettings } },
    },
    async () => settings.read(),
  )

  app.patch(
    '/v1/settings',
    {
      config: { action: 'settings.edit' },
      schema: { summary: 'Change what is set for everybody', body: SettingsChange, response: { 200: InstallationSettings } },
    },
    async (request) => {
      request.auditDetails = { ...request.body }
      return settings.change(request.body)
    },
  )
}

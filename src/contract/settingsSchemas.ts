/** What an administrator sets for everybody on this installation. */
import { type Static, Type } from 'typebox'

const supportContact = Type.Union([Type.String({ minLength: 1, maxLength: 300 }), Type.Null()])

export const InstallationSettings = Type.Object({
  /** Whom to ask when something failed: an address, a number, a sentence. Null where nobody was named */
  supportContact,
})
export type InstallationSettings = Static<typeof InstallationSettings>

/** `PATCH /v1/settings` → InstallationSettings */
export const SettingsChange = Type.Object(
  { supportContact: Type.Optional(supportContact) },
  { additionalProperties: false, minProperties: 1 },
)
export type SettingsChange = Static<typeof SettingsChange>

import { TextInput } from '@mantine/core'

/** The same rule as the server's, told while one types; the server has the last word. */
export const nameRule = /^(?=.{1,51}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

export function NameField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const bad = value !== '' && !nameRule.test(value)
  return (
    <TextInput
      label="Name of the site"
      description="Small letters, digits and dashes, at most 51; it is never changed. A label for people may be"
      required
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={bad ? 'Small letters, digits and dashes; it begins and ends with a letter or digit' : null}
      autoComplete="off"
      spellCheck={false}
    />
  )
}

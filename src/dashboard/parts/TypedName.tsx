import { TextInput } from '@mantine/core'

/** What takes all there is wants its name typed. */
export function TypedName({ name, value, onChange }: { name: string; value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      label={`Type ${name} to confirm`}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="off"
      spellCheck={false}
      data-autofocus
    />
  )
}

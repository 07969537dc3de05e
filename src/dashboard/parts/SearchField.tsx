import { TextInput } from '@mantine/core'
import { Search } from 'lucide-react'
import { useTyped } from './useTyped.ts'

interface Props {
  /** What stands in the address */
  value: string
  placeholder: string
  /** Told when nothing was typed for a moment; undefined for nothing */
  onFind: (text: string | undefined) => void
}

/** Searches while one types; the address follows. */
export function SearchField({ value, placeholder, onFind }: Props) {
  const [typed, type] = useTyped(value, onFind)
  return (
    <TextInput
      label="Search"
      placeholder={placeholder}
      leftSection={<Search size={16} aria-hidden />}
      value={typed}
      onChange={(event) => type(event.currentTarget.value)}
      flex={{ base: '1 1 100%', sm: '0 1 320px' }}
    />
  )
}

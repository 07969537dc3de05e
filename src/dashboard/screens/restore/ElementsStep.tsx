import { Button, Checkbox, Group, Stack } from '@mantine/core'
import type { BackupView } from '../../../contract/schemas.ts'
import type { Element } from '../../../contract/words.ts'
import { elementOrder, elementWords } from '../../words/elements.ts'
import { sizeText } from '../../../contract/sizeText.ts'
import { plural } from '../../words/count.ts'

interface Props {
  backup: BackupView
  chosen: Element[]
  onChange: (chosen: Element[]) => void
  onNext: () => void
}

export function ElementsStep({ backup, chosen, onChange, onNext }: Props) {
  return (
    <Stack pt="md">
      <Checkbox.Group label="Which parts come back?" value={chosen} onChange={(value) => onChange(value as Element[])}>
        <Stack mt="xs" gap="sm">
          {elementOrder.map((element) => {
            const held = backup.elements.find((one) => one.element === element)
            return (
              <Checkbox
                key={element}
                value={element}
                label={elementWords[element]}
                description={
                  held === undefined
                    ? 'Not in this backup'
                    : `${sizeText(held.rawBytes)} in ${plural(held.entryCount, element === 'database' ? 'table' : 'entry', element === 'database' ? 'tables' : 'entries')}`
                }
                disabled={held === undefined}
              />
            )
          })}
        </Stack>
      </Checkbox.Group>
      <Group justify="flex-end">
        <Button onClick={onNext} disabled={chosen.length === 0}>
          Next
        </Button>
      </Group>
    </Stack>
  )
}

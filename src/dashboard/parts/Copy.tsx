import { ActionIcon, Code, Group, Text, Tooltip } from '@mantine/core'
import { Check, Copy as CopyIcon } from 'lucide-react'
import { useCopy } from './useCopy.ts'

/** A line that can be copied whole: commands, addresses, hashes. */
export function CopyLine({ value, label, remark }: { value: string; label: string; remark?: string }) {
  const { copied, copy } = useCopy()
  return (
    <div>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Group gap={6} wrap="nowrap" align="flex-start">
        <Code block style={{ flex: 1, minWidth: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {value}
        </Code>
        <Tooltip label={copied ? 'Copied' : 'Copy'}>
          <ActionIcon variant="default" size="lg" onClick={() => void copy(value)} aria-label={`Copy: ${label}`}>
            {copied ? <Check size={16} /> : <CopyIcon size={16} />}
          </ActionIcon>
        </Tooltip>
      </Group>
      {remark !== undefined && (
        <Text size="xs" c="dimmed" mt={2}>
          {remark}
        </Text>
      )}
    </div>
  )
}

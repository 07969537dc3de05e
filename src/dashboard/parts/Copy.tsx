import { ActionIcon, Code, CopyButton, Group, Text, Tooltip } from '@mantine/core'
import { Check, Copy as CopyIcon } from 'lucide-react'

/** A line that can be copied whole: commands, addresses, hashes. */
export function CopyLine({ value, label, remark }: { value: string; label: string; remark?: string }) {
  return (
    <div>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Group gap={6} wrap="nowrap" align="flex-start">
        <Code block style={{ flex: 1, minWidth: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {value}
        </Code>
        <CopyButton value={value}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? 'Copied' : 'Copy'}>
              <ActionIcon variant="default" size="lg" onClick={copy} aria-label={`Copy: ${label}`}>
                {copied ? <Check size={16} /> : <CopyIcon size={16} />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </Group>
      {remark !== undefined && (
        <Text size="xs" c="dimmed" mt={2}>
          {remark}
        </Text>
      )}
    </div>
  )
}

import { ActionIcon, Group, Popover, Text, Tooltip } from '@mantine/core'
import { Download } from 'lucide-react'
import { useState } from 'react'
import type { BackupElementView, BackupView } from '../../../contract/schemas.ts'
import { useRights } from '../../session/useSession.ts'
import { elementWords } from '../../words/elements.ts'
import { sizeText } from '../../words/size.ts'
import { ArchivePanel } from './ArchivePanel.tsx'

/** The size of one archive, and the arrow that opens the ways to get it. */
export function ArchiveCell({ backup, held, blocked }: { backup: BackupView; held: BackupElementView; blocked: string | null }) {
  const [opened, setOpened] = useState(false)
  const { whyNot } = useRights()
  const reason = whyNot('link.create', backup.site, backup.environment) ?? blocked
  const label = `Download ${elementWords[held.element]}, ${sizeText(held.sizeBytes)}`
  const icon = <Download size={16} aria-hidden />
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
        {sizeText(held.sizeBytes)}
      </Text>
      {reason === null ? (
        <Popover opened={opened} onChange={setOpened} width={420} position="bottom-end" withArrow trapFocus shadow="md">
          <Popover.Target>
            <ActionIcon variant="subtle" aria-label={label} onClick={() => setOpened((now) => !now)}>
              {icon}
            </ActionIcon>
          </Popover.Target>
          <Popover.Dropdown maw="94vw" aria-label={label}>
            {opened && <ArchivePanel backup={backup} held={held} />}
          </Popover.Dropdown>
        </Popover>
      ) : (
        <Tooltip label={reason} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
          <ActionIcon variant="subtle" aria-label={label} aria-disabled="true" aria-description={reason} data-disabled>
            {icon}
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  )
}

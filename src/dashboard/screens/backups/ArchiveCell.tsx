import { ActionIcon, Group, Modal, Text, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Download } from 'lucide-react'
import type { BackupElementView, BackupView } from '../../../contract/schemas.ts'
import { useRights } from '../../session/useSession.ts'
import { elementWords } from '../../words/elements.ts'
import { sizeText } from '../../../contract/sizeText.ts'
import { momentText } from '../../words/time.ts'
import { ArchivePanel } from './ArchivePanel.tsx'

/** The size of one archive, and the arrow that opens the ways to get it. */
export function ArchiveCell({ backup, held, blocked }: { backup: BackupView; held: BackupElementView; blocked: string | null }) {
  const [opened, { open, close }] = useDisclosure()
  const { whyNot } = useRights()
  const reason = whyNot('link.create', backup.site, backup.environment) ?? blocked
  const label = `Download ${elementWords[held.element]}, ${sizeText(held.sizeBytes)}`
  const icon = <Download size={16} aria-hidden />
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="sm" className="one-line">
        {sizeText(held.sizeBytes)}
      </Text>
      {reason === null ? (
        <ActionIcon variant="subtle" aria-label={label} aria-haspopup="dialog" onClick={open}>
          {icon}
        </ActionIcon>
      ) : (
        <Tooltip label={reason} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
          <ActionIcon variant="subtle" aria-label={label} aria-disabled="true" aria-description={reason} data-disabled>
            {icon}
          </ActionIcon>
        </Tooltip>
      )}
      <Modal
        opened={opened}
        onClose={close}
        size="lg"
        title={`${elementWords[held.element]} of ${backup.site}.${backup.environment}, ${momentText(backup.momentAt)}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <ArchivePanel backup={backup} held={held} />
      </Modal>
    </Group>
  )
}

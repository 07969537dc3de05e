import { Badge, Group, List, Popover, Stack, Text, UnstyledButton } from '@mantine/core'
import { Lock, RotateCcw, TriangleAlert } from 'lucide-react'
import type { BackupView } from '../../../contract/schemas.ts'
import type { Column } from '../../parts/DataTable.tsx'
import { LinkedAction } from '../../parts/LinkedAction.tsx'
import { InFuture, Moment } from '../../parts/Moment.tsx'
import { useRights } from '../../session/useSession.ts'
import { elementOrder, elementWords, triggerWords } from '../../words/elements.ts'
import { plural } from '../../words/count.ts'
import { ArchiveCell } from './ArchiveCell.tsx'
import { BackupMenu } from './BackupMenu.tsx'
import { StateOfBackup } from './StateOfBackup.tsx'

/** What stands in a row of the Backup Log; Restore and the rest to the right. */
export const backupColumns: Column<BackupView>[] = [
  { head: 'Taken', cell: (backup) => <Taken backup={backup} /> },
  { head: 'By', cell: (backup) => <By backup={backup} /> },
  ...elementOrder.map((element) => ({
    head: elementWords[element],
    cell: (backup: BackupView) => {
      const held = backup.elements.find((one) => one.element === element)
      if (held !== undefined) return <ArchiveCell backup={backup} held={held} blocked={whyUnusable(backup)} />
      return (
        <Text size="sm" c="dimmed">
          —
        </Text>
      )
    },
  })),
  { head: 'Kept until', cell: (backup) => <KeptUntil backup={backup} />, oneLine: true },
]

export function BackupActions({ backup }: { backup: BackupView }) {
  const { site, environment, id } = backup
  const { whyNot, isAnywhere } = useRights()
  const nowhere = isAnywhere('environment.restore') ? null : whyNot('environment.restore', site, environment)
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      <LinkedAction
        action="backup.read"
        site={site}
        blocked={nowhere ?? whyUnusable(backup)}
        to="/sites/$site/$environment/backups/$backup/restore"
        params={{ site, environment, backup: id }}
        size="xs"
        variant="light"
        leftSection={<RotateCcw size={14} aria-hidden />}
      >
        Restore
      </LinkedAction>
      <BackupMenu backup={backup} />
    </Group>
  )
}

function whyUnusable({ recallUntil, state }: BackupView): string | null {
  if (recallUntil !== null) return 'It was deleted or has expired: recall it first'
  return state === 'damaged' ? 'It is damaged and is never restored' : null
}

function Taken({ backup }: { backup: BackupView }) {
  const { momentAt, trigger, note } = backup
  return (
    <>
      <Text size="sm" fw={600} className="one-line">
        <Moment at={momentAt} />
      </Text>
      <Group gap={4} mt={2}>
        <Badge size="sm" variant="default">
          {triggerWords[trigger]}
        </Badge>
        <StateOfBackup backup={backup} />
        <Warnings backup={backup} />
      </Group>
      {note !== null && (
        <Text size="sm" mt={4} className="anywhere" maw={260}>
          {note}
        </Text>
      )}
    </>
  )
}

function By({ backup: { actor, facts } }: { backup: BackupView }) {
  const commit = typeof facts['commit'] === 'string' ? facts['commit'] : null
  return (
    <>
      <Text size="sm" maw={200}>
        {actor.name}
      </Text>
      {commit !== null && (
        <Text size="xs" c="dimmed" ff="monospace" title={commit}>
          {commit.slice(0, 12)}
        </Text>
      )}
    </>
  )
}

function KeptUntil({ backup: { locked, recallUntil, expiresAt } }: { backup: BackupView }) {
  if (recallUntil !== null) {
    return (
      <Text size="sm">
        Gone <InFuture at={recallUntil} />
      </Text>
    )
  }
  if (locked) {
    return (
      <Group gap={4} wrap="nowrap">
        <Lock size={14} aria-hidden />
        <Text size="sm">Locked</Text>
      </Group>
    )
  }
  return <Text size="sm">{expiresAt === null ? 'For ever' : <Moment at={expiresAt} only="day" />}</Text>
}

function Warnings({ backup: { warnings } }: { backup: BackupView }) {
  if (warnings.length === 0) return null
  return (
    <Popover width={360} position="bottom-start" withArrow>
      <Popover.Target>
        <UnstyledButton aria-label={`${plural(warnings.length, 'warning')}: show them`}>
          <Badge size="sm" color="yellow" variant="light" leftSection={<TriangleAlert size={10} aria-hidden />}>
            {warnings.length}
          </Badge>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown maw="94vw">
        <Stack gap="xs" mah={300} style={{ overflow: 'auto' }} tabIndex={0}>
          <List size="sm">
            {warnings.slice(0, 100).map((warning, at) => (
              <List.Item key={at} className="anywhere">
                {warning.message}
              </List.Item>
            ))}
          </List>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

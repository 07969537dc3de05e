import { Badge, Group, List, Popover, Stack, Table, Text, UnstyledButton } from '@mantine/core'
import { Lock, RotateCcw, TriangleAlert } from 'lucide-react'
import type { BackupView } from '../../../contract/schemas.ts'
import { LinkedAction } from '../../parts/LinkedAction.tsx'
import { InFuture, Moment } from '../../parts/Moment.tsx'
import { elementOrder, triggerWords } from '../../words/elements.ts'
import { plural } from '../../words/size.ts'
import { ArchiveCell } from './ArchiveCell.tsx'
import { BackupMenu } from './BackupMenu.tsx'
import { StateOfBackup } from './StateOfBackup.tsx'

export function BackupRow({ backup }: { backup: BackupView }) {
  const { site, environment, id, momentAt, trigger, actor, note, facts, elements, expiresAt, locked, recallUntil, state } = backup
  const commit = typeof facts['commit'] === 'string' ? facts['commit'] : null
  const hidden = recallUntil !== null
  const blocked = hidden
    ? 'It was deleted or has expired: recall it first'
    : state === 'damaged'
      ? 'It is damaged and is never restored'
      : null
  return (
    <Table.Tr {...(hidden ? { opacity: 0.75 } : {})}>
      <Table.Td>
        <Text size="sm" fw={600}>
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
      </Table.Td>
      <Table.Td>
        <Text size="sm" className="anywhere" maw={160}>
          {actor.name}
        </Text>
        {commit !== null && (
          <Text size="xs" c="dimmed" ff="monospace" title={commit}>
            {commit.slice(0, 12)}
          </Text>
        )}
      </Table.Td>
      {elementOrder.map((element) => {
        const held = elements.find((one) => one.element === element)
        return (
          <Table.Td key={element}>
            {held === undefined ? (
              <Text size="sm" c="dimmed">
                —
              </Text>
            ) : (
              <ArchiveCell backup={backup} held={held} blocked={blocked} />
            )}
          </Table.Td>
        )
      })}
      <Table.Td>
        <Text size="sm">
          {locked ? (
            <Group gap={4} wrap="nowrap">
              <Lock size={14} aria-hidden /> Locked
            </Group>
          ) : hidden ? (
            <>
              Recall <InFuture at={recallUntil} />
            </>
          ) : expiresAt === null ? (
            'For ever'
          ) : (
            <Moment at={expiresAt} only="day" />
          )}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <LinkedAction
            action="backup.read"
            site={site}
            blocked={blocked}
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
      </Table.Td>
    </Table.Tr>
  )
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
      <Popover.Dropdown>
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

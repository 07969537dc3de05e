import { ActionIcon, Menu, Text } from '@mantine/core'
import { Ellipsis, Lock, LockOpen, Pencil, Plus, Trash2, Undo2 } from 'lucide-react'
import { useState } from 'react'
import type { BackupView } from '../../../contract/schemas.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { MenuLink } from '../../parts/links.tsx'
import { MenuAction } from '../../parts/MenuAction.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { useRights } from '../../session/useSession.ts'
import { EditBackup } from './EditBackup.tsx'

/** What is done to a backup less often: lock, note and expiry, delete, recall, a new site out of it. */
export function BackupMenu({ backup }: { backup: BackupView }) {
  const { id, site, environment, locked, recallUntil } = backup
  const place = { site, environment }
  const { whyNot } = useRights()
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const forget = ['site', site]
  const lock = useChange((now: boolean) => send('PATCH', path('/v1/backups/:id', { id }), { locked: now }), { forget })
  const recall = useChange(() => send('POST', path('/v1/backups/:id/recall', { id })), { forget, said: 'The backup is back' })
  const remove = useChange(() => send('DELETE', path('/v1/backups/:id', { id })), {
    ...{ forget, inForm: true, said: 'Deleted. It can be recalled for seven days' },
    onDone: () => setOpen(null),
  })
  return (
    <>
      <Menu position="bottom-end" width={250}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="More for this backup">
            <Ellipsis size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {recallUntil === null ? (
            <>
              <MenuAction action="backup.edit" {...place} leftSection={<Pencil size={14} />} onClick={() => setOpen('edit')}>
                Note and expiry
              </MenuAction>
              <MenuAction
                action={locked ? 'backup.delete' : 'backup.edit'}
                {...place}
                leftSection={locked ? <LockOpen size={14} /> : <Lock size={14} />}
                onClick={() => lock.mutate(!locked)}
              >
                {locked ? 'Unlock' : 'Lock: never deleted or expired'}
              </MenuAction>
              {whyNot('site.create', null) === null ? (
                <MenuLink to="/sites/new" search={{ way: 'backup', backup: id }} leftSection={<Plus size={14} />}>
                  Create A New Site of it
                </MenuLink>
              ) : (
                <MenuAction action="site.create" leftSection={<Plus size={14} />}>
                  Create A New Site of it
                </MenuAction>
              )}
              <Menu.Divider />
              <MenuAction
                action="backup.delete"
                {...place}
                blocked={locked ? 'A locked backup cannot be deleted' : null}
                color="red"
                leftSection={<Trash2 size={14} />}
                onClick={() => setOpen('delete')}
              >
                Delete
              </MenuAction>
            </>
          ) : (
            <MenuAction action="backup.recall" {...place} leftSection={<Undo2 size={14} />} onClick={() => recall.mutate()}>
              Recall
            </MenuAction>
          )}
        </Menu.Dropdown>
      </Menu>
      {open === 'edit' && <EditBackup backup={backup} onClose={() => setOpen(null)} />}
      <ConfirmModal
        opened={open === 'delete'}
        onClose={() => setOpen(null)}
        title="Delete a backup"
        typed={environment === 'live' ? `${site}.${environment}` : null}
        button="Delete"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
      >
        <Text size="sm">
          The backup of {site}.{environment} of <Moment at={backup.momentAt} />, all its archives. It can be recalled for seven
          days.
        </Text>
      </ConfirmModal>
    </>
  )
}

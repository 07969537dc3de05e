import { ActionIcon, Menu, Text } from '@mantine/core'
import { Ellipsis, Lock, LockOpen, Pencil, Plus, Trash2, Undo2 } from 'lucide-react'
import { useState } from 'react'
import type { BackupView } from '../../../contract/schemas.ts'
import type { Action } from '../../../contract/actions.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ConfirmModal } from '../../parts/ConfirmModal.tsx'
import { MenuLink } from '../../parts/links.tsx'
import { Moment } from '../../parts/Moment.tsx'
import { useRights } from '../../session/useSession.ts'
import { EditBackup } from './EditBackup.tsx'

/** What is done to a backup less often: lock, note and expiry, delete, recall, a new site out of it. */
export function BackupMenu({ backup }: { backup: BackupView }) {
  const { id, site, environment, locked, recallUntil } = backup
  const { whyNot } = useRights()
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const forget = ['site', site]
  const lock = useChange((now: boolean) => send('PATCH', path('/v1/backups/:id', { id }), { locked: now }), { forget })
  const recall = useChange(() => send('POST', path('/v1/backups/:id/recall', { id })), { forget, said: 'The backup is back' })
  const remove = useChange(() => send('DELETE', path('/v1/backups/:id', { id })), {
    ...{ forget, inForm: true, said: 'Deleted. It can be recalled for seven days' },
    onDone: () => setOpen(null),
  })
  const item = (action: Action, blocked: string | null = null) => {
    const reason = whyNot(action, site, environment) ?? blocked
    return reason === null ? {} : { disabled: true, title: reason, 'aria-description': reason }
  }
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
              <Menu.Item leftSection={<Pencil size={14} />} onClick={() => setOpen('edit')} {...item('backup.edit')}>
                Note and expiry
              </Menu.Item>
              <Menu.Item
                leftSection={locked ? <LockOpen size={14} /> : <Lock size={14} />}
                onClick={() => lock.mutate(!locked)}
                {...item(locked ? 'backup.delete' : 'backup.edit')}
              >
                {locked ? 'Unlock' : 'Lock: never deleted or expired'}
              </Menu.Item>
              <MenuLink to="/sites/new" search={{ way: 'backup', backup: id }} leftSection={<Plus size={14} />}>
                Create A New Site of it
              </MenuLink>
              <Menu.Divider />
              <Menu.Item
                color="red"
                leftSection={<Trash2 size={14} />}
                onClick={() => setOpen('delete')}
                {...item('backup.delete', locked ? 'A locked backup cannot be deleted' : null)}
              >
                Delete
              </Menu.Item>
            </>
          ) : (
            <Menu.Item leftSection={<Undo2 size={14} />} onClick={() => recall.mutate()} {...item('backup.recall')}>
              Recall
            </Menu.Item>
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

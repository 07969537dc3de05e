/** One line of the visible list of what a backup leaves out, and why. */
export interface LeftOut {
  /** The directory that `glob` is relative to: WordPress's `wp-content`, or the files directory */
  within: 'content' | 'files'
  /** `*` stands for any text within one name */
  glob: string
  reason: string
}

const rebuilt = 'a cache: it is built again by itself'
const updates = 'where updates are unpacked: empty between them'
const archives = (tool: string): string => `archives of another backup tool (${tool})`
const log = 'a log file'

/**
 * WordPress: what is not stored. Settings of cache plugins (`w3tc-config`, `advanced-cache.php`), `.htaccess` files and
 * everything that a plugin cannot make again stay in.
 */
export const wordpressLeftOut: LeftOut[] = [
  { within: 'content', glob: 'cache', reason: rebuilt },
  { within: 'content', glob: 'et-cache', reason: rebuilt },
  { within: 'content', glob: 'litespeed', reason: rebuilt },
  { within: 'content', glob: 'w3tc', reason: rebuilt },
  { within: 'content', glob: 'upgrade', reason: updates },
  { within: 'content', glob: 'upgrade-temp-backup', reason: updates },
  { within: 'content', glob: 'debug.log', reason: log },
  { within: 'content', glob: '*.log', reason: log },
  { within: 'content', glob: 'updraft', reason: archives('UpdraftPlus') },
  { within: 'content', glob: 'ai1wm-backups', reason: archives('All-in-One WP Migration') },
  { within: 'content', glob: 'wpvividbackups', reason: archives('WPvivid') },
  { within: 'content', glob: 'wpvivid_*', reason: archives('WPvivid') },
  { within: 'content', glob: 'backups-dup-*', reason: archives('Duplicator') },
  { within: 'content', glob: 'backup-migration', reason: archives('Backup Migration') },
  { within: 'content', glob: 'backup-db', reason: archives('WP-DB-Backup') },
  { within: 'content', glob: 'backup-*-backups', reason: archives('BackUpWordPress') },
  { within: 'content', glob: 'backupwordpress-*-backups', reason: archives('BackUpWordPress') },
  { within: 'content', glob: 'backups', reason: archives('several') },
  { within: 'content', glob: 'backwpup-*', reason: archives('BackWPup') },
  { within: 'content', glob: 'infinitewp/backups', reason: archives('InfiniteWP') },
  { within: 'content', glob: 'managewp/backups', reason: archives('ManageWP') },
  { within: 'files', glob: 'cache', reason: rebuilt },
  { within: 'files', glob: 'backupbuddy_backups', reason: archives('BackupBuddy') },
  { within: 'files', glob: 'backupbuddy_temp', reason: archives('BackupBuddy') },
  { within: 'files', glob: 'backwpup-*', reason: archives('BackWPup') },
  { within: 'files', glob: 'wpvividbackups', reason: archives('WPvivid') },
  { within: 'files', glob: 'wp-migrate-db', reason: archives('WP Migrate') },
  { within: 'files', glob: 'wp-clone', reason: archives('WP Clone') },
  { within: 'files', glob: 'snapshots', reason: archives('Snapshot') },
  { within: 'files', glob: 'ithemes-security/backups', reason: archives('Solid Security') },
]

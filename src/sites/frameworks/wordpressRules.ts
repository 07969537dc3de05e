import type { FrameworkRules, LeftOut } from './framework.ts'

const rebuilt = 'a cache: it is built again by itself'
const updates = 'where updates are unpacked: empty between them'
const archives = (tool: string): string => `archives of another backup tool (${tool})`
const log = 'a log file'

/**
 * What is not stored. Settings of cache plugins (`w3tc-config`, `advanced-cache.php`), `.htaccess` files and
 * everything that a plugin cannot make again stay in.
 */
const leftOut: LeftOut[] = [
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

export const wordpressRules: FrameworkRules = {
  title: 'WordPress',
  leftOut,
  structureOnly: [], // its transients are rows among the options
  caches: [
    {
      name: /^(?:\d+_)?options$/,
      columns: ['option_name', 'option_value', 'autoload'],
      rows: "option_name LIKE '\\_transient\\_%' OR option_name LIKE '\\_site\\_transient\\_%'",
    },
    { name: /^sitemeta$/, columns: ['meta_key', 'meta_value'], rows: "meta_key LIKE '\\_site\\_transient\\_%'" },
  ],
  hold: 'maintenance',
  compiled: [],
  managedFiles: null,
  boots: {
    frontPath: '/',
    loginPath: '/wp-login.php',
    statuses: [200, 301, 302],
    installerPath: '/wp-admin/install.php',
    failures: ['Error establishing a database connection', 'There has been a critical error on this website'],
  },
}

/** A network of sites: one code, one database with numbered tables, `uploads/sites/N` or the older `blogs.dir`. */
export const wordpressNetworkRules: FrameworkRules = { ...wordpressRules, title: 'WordPress network' }

/** One line of the visible list of what a backup leaves out, and why. */
export interface LeftOut {
  /** The directory that `glob` is relative to: WordPress's `wp-content`, the files directory, the private files */
  within: 'content' | 'files' | 'private'
  /** `*` stands for any text within one name */
  glob: string
  reason: string
}

/** Tables that are stored without their rows: the site fills them again by itself. */
export interface StructureOnly {
  /** Of the name without the prefix */
  name: RegExp
  /** A table of this name is one only with all of these columns: a module may call its own data anything */
  columns: string[]
  reason: string
}

/** Rows in which a site keeps what it has computed, by its own code as it was then. */
export interface CacheRows {
  /** Of the name without the prefix */
  name: RegExp
  /** A table of this name is one only with all of these columns */
  columns: string[]
  /** Which of its rows, as SQL; null for all */
  rows: string | null
}

/** What tells whether a site runs, once its caches are empty: they hide damage. */
export interface Boots {
  frontPath: string
  loginPath: string
  /** Statuses that either may answer */
  statuses: number[]
  /** Where a site that does not find its tables sends its visitors */
  installerPath: string
  /** A page with one of these texts is no page of the site, whatever its status */
  failures: string[]
}

/** What is to be known of a framework to back its sites up, change and check them. */
export interface FrameworkRules {
  title: string
  leftOut: LeftOut[]
  structureOnly: StructureOnly[]
  /** Emptied where a site goes back to code that has not written them */
  caches: CacheRows[]
  /**
   * How requests are held while a site changes. `maintenance`: WordPress's own file `.maintenance`. `sites-file`: a
   * `sites/sites.php` of ours, which every Drupal and Backdrop includes before anything else of the site.
   */
  hold: 'maintenance' | 'sites-file'
  /** Inside the files directory, deleted after a change of code, files or database: compiled from what was there before */
  compiled: string[]
  /** A table in which uploaded files stand by their address (`public://…`); null for WordPress, which has its own way */
  managedFiles: { table: string; column: string } | null
  boots: Boots
}

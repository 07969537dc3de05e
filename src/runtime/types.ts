import type { Readable } from 'node:stream'
import type { Framework } from '../contract/words.ts'

/** A database server that holds the schemas of managed environments. Everything may be asked for again after a crash. */
export interface MysqlHome {
  family: 'mariadb' | 'mysql'
  version: string
  /** Where the sites reach it */
  host: string
  port: number
  /** Of the private server, open to every account of the machine (passwords protect it); null for a named one */
  socket: string | null
  /** For programs that connect by themselves, such as the dump client; the private server's password lives as long as it runs */
  adminLogin: { user: string; password: string }
  /** A connection with every right; the caller closes it */
  admin(): Promise<MysqlAdmin>
  /** utf8mb4. One that is there already is left as it is */
  createSchema(name: string): Promise<void>
  /** Gone with all it holds; one that is not there is fine */
  dropSchema(name: string): Promise<void>
  /** Rights on this one schema and on nothing else. One that is there gets this password and is unlocked */
  createAccount(account: { user: string; password: string; schema: string }): Promise<void>
  /** The same rights for one that never logs in: the definer of stored objects */
  createOwner(owner: { user: string; schema: string }): Promise<void>
  /** New connections are refused from now on, those that are there go on: `killConnections` ends them */
  lockAccount(user: string): Promise<void>
  unlockAccount(user: string): Promise<void>
  /** @throws {Failure} DATABASE_BUSY when one outlives ten seconds */
  killConnections(user: string): Promise<void>
  dropAccount(user: string): Promise<void>
  /**
   * Every schema and account whose name begins with one of these. On a server that others use as well the prefixes have to
   * name this installation (`c_<tag>_`), or what is somebody else's would look left over.
   */
  listOwn(prefixes: readonly string[]): Promise<{ schemas: string[]; accounts: string[] }>
  /** The rights that an account has, as the server words them; for tests and the preflight of a named server */
  grantsOf(user: string): Promise<string[]>
}

export interface MysqlAdmin {
  /** `?` stands for a value */
  query(sql: string, values?: readonly (string | number)[]): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

export interface PrivateMysql extends MysqlHome {
  /** Where its socket stands */
  socket: string
  pid: number
  /** Resolves when the server has ended, asked for or not */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** In good order; safe to call twice */
  stop(): Promise<void>
}

/** Where an environment stands on this machine, and as whom its PHP runs. */
export interface PhpPlace {
  /** The environment's id: names its run directory and its pool */
  id: string
  /** `<data>/sites/<site>/<env>`, absolute, no links in it */
  directory: string
  /** Never Cairn's own, and no other environment's */
  uid: number
  gid: number
  /** Only a live environment sends mail */
  isLive: boolean
  /** PHP that the administrator's own service runs, by the printed configuration: it is reloaded, never started or ended */
  served?: { socket: string; pidFile: string } | null
}

/** The PHP of one environment: one FPM master, started on demand. */
export interface PhpPool {
  /** Where FPM listens while it runs */
  socket: string
  /** Starts FPM unless it runs; resolves once it takes connections */
  start(): Promise<void>
  /** Starts PHP when it has to */
  request(request: PhpRequest): Promise<PhpAnswer>
  /**
   * The drain: resolves when every request that had begun has ended and every worker from before is gone. What still runs
   * after ten seconds is killed. Nothing to do where PHP does not run.
   */
  reload(): Promise<{ killed: number }>
  /** Ends FPM and everything that it started; the next request starts it again */
  stop(): Promise<void>
}

export interface PhpRuntime {
  /** php-fpm's own, such as `8.2.36` */
  version: string
  /** php-fpm itself */
  program: string
  /** The same pool for the same id. A place that changed (live, uid) counts from the next start on */
  forEnvironment(place: PhpPlace): PhpPool
  /**
   * Boots a release that is not current, by itself: its own PHP as its own user, no network, no mail, no cron, limits of time and
   * memory. Its caches have been rebuilt before. An answer that is not well is returned, never thrown.
   *
   * @throws {Failure} PHP_FAILED when PHP itself does not start
   */
  bootCheck(boot: BootRequest): Promise<BootResult>
  /**
   * Runs a PHP program of the command line for a release that is not current, behind the same walls as the boot check: own user,
   * no network, no mail. How it ended is returned, never thrown.
   *
   * @throws {Failure} RUNTIME_OFF without PHP for the command line
   */
  runTool(tool: ToolRequest): Promise<ToolResult>
  /** @throws {Failure} RUNTIME_OFF: what `runTool` would throw, before anything is begun */
  requireTool(): void
  /** Ends the pool and removes its run directory, sessions and logs included */
  forget(id: string): Promise<void>
  stop(): Promise<void>
}

export interface PhpRequest {
  /** FastCGI parameters: CGI variables and HTTP_ headers */
  params: Record<string, string>
  body?: Readable | null
  /** Gives PHP up: the connection to it is closed */
  signal?: AbortSignal
}

export interface PhpAnswer {
  status: number
  /** Names in lower case, in the order in which they came; `status` is not among them */
  headers: [string, string][]
  /** Fails when PHP ends in the middle. It must be read or destroyed: PHP waits */
  body: Readable
  /** What PHP has said on its error stream until now, 64 KiB at most */
  errors(): string
}

/** What is known of the environment and its release when `environment.json` is written. */
export interface EnvironmentFacts {
  release: number
  site: { uuid: string; name: string }
  environment: string
  framework: Framework
  /** Relative to the code root, '' for the code root itself */
  docroot: string
  /** Relative to the docroot, where a WordPress has its own files: '' for itself */
  coreFolder: string
  /** Relative to the docroot: `wp-content/uploads`, `sites/default/files` */
  filesPath: string
  /** Absolute; null for `<files>/private` below the docroot */
  privateFiles: string | null
  temporaryDirectory: string
  /** The address at which the environment is visited, without a slash at the end */
  url: string
  database: { host: string; port: number; name: string; user: string; password: string; prefix: string; isEmpty: boolean }
  /** 64 random letters for each of WordPress's keys and salts, and one for Drupal */
  salts: Record<WordPressSalt, string>
  hashSalt: string
  /** Lets a request through to a release that is not current: 32 random bytes or more, as text */
  checkSecret: string
  /** Where nothing calls wp-cron any more; @default: every environment but live */
  isCronPaused?: boolean
}

export const wordpressSalts = [
  'AUTH_KEY',
  'SECURE_AUTH_KEY',
  'LOGGED_IN_KEY',
  'NONCE_KEY',
  'AUTH_SALT',
  'SECURE_AUTH_SALT',
  'LOGGED_IN_SALT',
  'NONCE_SALT',
] as const
export type WordPressSalt = (typeof wordpressSalts)[number]

/** `releases/<number>/environment.json`, which `prepend.php` reads: 0640 root:<env gid>, never in an archive. */
export interface EnvironmentFile {
  version: 1
  release: number
  checkSecret: string
  /** Set as `$_ENV`, `$_SERVER` and `getenv()` */
  variables: Record<string, string>
  /** Defined unless they are: `PANTHEON_ENVIRONMENT`, and WordPress's own */
  constants: Record<string, string | boolean>
  /** Count instead during the boot check, where the database is reached through its socket */
  boot: { variables: Record<string, string>; constants: Record<string, string | boolean> }
}

export interface BootRequest {
  place: PhpPlace
  /** `releases/000042/code` of the environment, absolute */
  code: string
  /** Relative to the code */
  docroot: string
  framework: Framework
  checkSecret: string
  /** The address that the environment is visited at */
  url: string
  /** The private server's socket, or where the named one is */
  database: { socket: string } | { host: string; port: number }
  signs: BootSigns
  /** @default 60 */
  timeoutSeconds?: number
}

export interface ToolRequest {
  place: PhpPlace
  /** Where it works: inside the code of the release that it is for */
  directory: string
  /** PHP as text, or a PHP file of the release */
  script: { text: string } | { file: string }
  args: readonly string[]
  checkSecret: string
  /** As for the boot check */
  database: BootRequest['database']
  timeoutSeconds: number
  /** Ends it */
  signal?: AbortSignal
}

export interface ToolResult {
  /** Null for one that was killed */
  code: number | null
  /** The last MiB of each */
  output: string
  errors: string
  isLate: boolean
  /** False where this machine allows no namespaces */
  isIsolated: boolean
}

/** One page of a release. */
export interface PageAnswer {
  status: number
  location: string | null
  title: string | null
  /** At most 256 KiB of it */
  text: string
  errors: string
}

/** As `sites/frameworks` words it for each framework. */
export interface BootSigns {
  frontPath: string
  loginPath: string
  statuses: readonly number[]
  installerPath: string
  failures: readonly string[]
}

export interface BootResult {
  ok: boolean
  /** Of the page that failed, else of the front page */
  status: number | null
  title: string | null
  /** One sentence: PHP's own words where it had some */
  error: string | null
  /** Which page failed; null when both are well */
  path: string | null
  /** False where this machine allows no namespaces: then the release could have reached the network */
  isIsolated: boolean
}

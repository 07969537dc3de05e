/**
 * Every failure that Cairn words, in one table: what it means, the HTTP status it travels with and the exit code that the
 * command line ends with. `docs/errors.md` explains each; a code never changes its meaning.
 */
export interface ErrorMeaning {
  status: number
  exit: number
  means: string
}

const failed = { status: 500, exit: 1 }
const refused = { status: 422, exit: 2 }
const notFound = { status: 404, exit: 4 }
const busy = { status: 409, exit: 7 }
const damaged = { status: 500, exit: 8 }

export const errors = {
  INPUT_INVALID: { status: 400, exit: 2, means: 'An argument or a field has the wrong shape' },
  CONFIG_INVALID: { status: 500, exit: 2, means: 'A configuration key or value is wrong' },
  NOT_SIGNED_IN: { status: 401, exit: 5, means: 'No valid session or machine token came with the request' },
  NOT_ALLOWED: { status: 403, exit: 5, means: 'The actor has no right to this action on this subject' },
  TOO_MANY_REQUESTS: { status: 429, exit: 1, means: 'Too many requests came from one address' },
  LOGIN_REFUSED: { status: 401, exit: 5, means: 'The e-mail address or the password is wrong' },
  PASSWORD_REFUSED: { ...refused, means: 'A new password is too short' },
  CODE_REFUSED: { status: 403, exit: 5, means: 'A one-time code was used, has expired, or is none' },
  ORIGIN_REFUSED: { status: 403, exit: 5, means: 'A page of another address made the browser send the request' },
  PERSON_NOT_FOUND: { ...notFound, means: 'No person has this id or e-mail address' },
  PERSON_TAKEN: { status: 409, exit: 2, means: 'A person with this e-mail address exists already' },
  OWNER_NEEDED: { status: 409, exit: 2, means: 'The last owner cannot be deleted or lose the role' },
  SESSION_NOT_FOUND: { ...notFound, means: 'No session of this person has this id' },
  TOKEN_NOT_FOUND: { ...notFound, means: 'No machine token has this id' },
  CONFIRMATION_NEEDED: { status: 422, exit: 6, means: 'A destructive action was asked for without its confirmation' },
  SERVER_UNREACHABLE: { status: 503, exit: 1, means: 'No Cairn server answers at the address' },
  SERVER_RUNNING: { status: 409, exit: 7, means: 'Another server uses this data directory' },
  SITE_NOT_FOUND: { ...notFound, means: 'No site has this name' },
  SITE_NAME_INVALID: { ...refused, means: 'A site name breaks the rule for names' },
  SITE_TAKEN: { status: 409, exit: 2, means: 'The site or the environment exists already' },
  ENVIRONMENT_NOT_FOUND: { ...notFound, means: 'No environment has this name' },
  ENVIRONMENT_UNREACHABLE: { ...failed, means: 'The directory of the environment cannot be read' },
  CMS_NOT_FOUND: { ...refused, means: 'The directory holds no content management system that Cairn knows' },
  CMS_AMBIGUOUS: { ...refused, means: 'The directory holds more than one site' },
  CMS_UNSUPPORTED: { ...refused, means: 'The site was recognised, but sites of this kind cannot be attached yet' },
  CREDENTIALS_UNKNOWN: { ...refused, means: 'The database credentials cannot be read from the configuration' },
  DATABASE_REFUSED: { ...failed, means: 'The database server refused the connection or the statement' },
  DATABASE_GRANTS: { ...refused, means: 'The database account lacks a right that the action needs' },
  DATABASE_BUSY: { ...busy, means: 'Connections of the site did not end in time' },
  DUMP_FAILED: { ...failed, means: 'The dump client failed, or its output is not whole' },
  LOAD_FAILED: { ...failed, means: 'A statement of the dump was refused while loading' },
  BACKUP_NOT_FOUND: { ...notFound, means: 'No backup has this id or file name' },
  BACKUP_NOT_READY: { status: 409, exit: 7, means: 'The backup is still being made' },
  BACKUP_UNUSABLE: { ...damaged, means: 'The backup failed or is damaged, and is never offered for restore' },
  BACKUP_LOCKED: { status: 409, exit: 2, means: 'A locked backup cannot be deleted' },
  ELEMENT_MISSING: { ...notFound, means: 'The backup does not hold this element' },
  LINK_REFUSED: { status: 403, exit: 5, means: 'The link has expired, was revoked or was altered' },
  LINK_NOT_FOUND: { ...notFound, means: 'No link has this id' },
  CHUNK_DAMAGED: { ...damaged, means: 'Stored bytes do not match their identity' },
  CHUNK_MISSING: { ...damaged, means: 'A manifest names a chunk that no pack holds' },
  MANIFEST_DAMAGED: { ...damaged, means: 'A manifest cannot be read' },
  REPOSITORY_DAMAGED: { ...damaged, means: 'A check of the repository found damage' },
  REPOSITORY_MISSING: { ...failed, means: 'The repository directory is not what it should be' },
  REPOSITORY_KEY: { ...failed, means: 'The repository key is missing or is not the one of this repository' },
  SESSION_LOST: { ...failed, means: 'A write session lost its lease before the commit' },
  SPACE_LACKING: { status: 507, exit: 1, means: 'A disk is full or would become full' },
  PREFLIGHT_REFUSED: { ...refused, means: 'The environment cannot be changed in the way asked for' },
  APPLY_CONFLICT: { ...failed, means: 'The environment changed in a way that the plan cannot include' },
  VERIFY_FAILED: { ...damaged, means: 'What was staged is not what the manifest says' },
  UPDATE_FAILED: { ...failed, means: "The site's own update of its database failed" },
  UNDO_MISSING: { ...notFound, means: 'There is nothing to undo' },
  WORKFLOW_NOT_FOUND: { ...notFound, means: 'No workflow has this id' },
  WORKFLOW_BUSY: { ...busy, means: 'Another workflow is changing this environment' },
  WORKFLOW_PAST_CANCEL: {
    status: 409,
    exit: 7,
    means: 'The workflow has begun to change the environment and goes on to its end',
  },
  WORKFLOW_CANCELLED: { status: 409, exit: 1, means: 'The workflow was cancelled' },
  WORKFLOW_TAKEN_OVER: { status: 409, exit: 1, means: 'Another process goes on with the workflow; this one stops' },
  WORKFLOW_FAILED: { ...failed, means: 'The workflow failed; its record holds the reason' },
  WAIT_TIMEOUT: { status: 504, exit: 9, means: 'The time to wait is over, the workflow still runs' },
  TARGET_EXISTS: { status: 409, exit: 2, means: 'The file to write exists already' },
  DOWNLOAD_DAMAGED: { ...damaged, means: 'A downloaded file does not have the recorded hash' },
  UPLOAD_NOT_FOUND: { ...notFound, means: 'No upload has this id, or it was removed after a day' },
  UPLOAD_INCOMPLETE: { ...busy, means: 'The upload has not arrived whole, or nobody told its SHA-256 yet' },
  UPLOAD_TOO_LARGE: { status: 413, exit: 2, means: 'The file is larger than this installation takes on this way' },
  UPLOAD_DAMAGED: { ...refused, exit: 8, means: 'The uploaded bytes do not have the SHA-256 that was told' },
  FETCH_REFUSED: { ...refused, means: 'The address may not be fetched from this server' },
  FETCH_FAILED: { ...refused, exit: 1, means: 'The file at an address could not be fetched' },
  ARCHIVE_REFUSED: { ...refused, means: 'An archive does not hold what is needed, or is of a kind that Cairn does not read' },
  ARCHIVE_DAMAGED: { ...damaged, means: 'An archive is cut off, malformed or hostile' },
  GIT_FAILED: { ...failed, means: 'A git command failed' },
  GIT_REPOSITORY: { ...failed, means: 'The git repository of a site is missing or cannot be used' },
  HISTORY_REFUSED: { ...refused, means: 'A git history from outside is hostile, damaged or not whole' },
  COMMIT_NOT_FOUND: { ...notFound, means: 'No commit, branch or tag has this name' },
  CODE_MOVED: { ...busy, means: 'A branch was moved by somebody else meanwhile' },
  RUNTIME_OFF: {
    status: 503,
    exit: 1,
    means: 'Managed sites do not run on this machine: no root rights, or a program is missing',
  },
  PHP_FAILED: { ...failed, means: 'PHP did not start, or broke off its answer' },
  MYSQL_HOME: { ...failed, means: 'The database server of the managed sites cannot be started or used' },
  CHILD_FAILED: { ...failed, means: 'A program that Cairn ran failed' },
  STATE_DATABASE: { ...failed, means: 'The state database cannot be started or reached' },
  INTERNAL: { ...failed, means: 'A mistake in Cairn itself' },
} as const satisfies Record<string, ErrorMeaning>

export type ErrorCode = keyof typeof errors

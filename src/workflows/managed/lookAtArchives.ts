import type { ArchivesFound } from '../../contract/managedSchemas.ts'
import { scanDump } from '../../intake/archives/scanDump.ts'
import { defineWorkflow, type WorkflowContext, type WorkflowDefinition } from '../../queue/define.ts'
import type { House } from '../house.ts'
import { readArchives } from '../intake/readArchives.ts'
import type { ArchivesInput } from './archives.ts'
import { type GivenFile, takeGiven } from './given.ts'

/**
 * Looks what the archives of a new site hold, as making it would, and makes nothing. What it reads stays in the repository until
 * the next sweep: the site that is made of it afterwards finds its chunks there.
 */
export function lookAtArchivesWorkflow(house: House): WorkflowDefinition {
  return defineWorkflow<ArchivesInput, ArchivesFound>({
    kind: 'look_at_archives',
    version: 1,
    changes: false,
    run: (context, input) => look(house, context, input),
  })
}

/** @throws {Failure} ARCHIVE_REFUSED, ARCHIVE_DAMAGED, UPLOAD_NOT_FOUND, FETCH_FAILED */
async function look(house: House, context: WorkflowContext, { given }: ArchivesInput): Promise<ArchivesFound> {
  return context.step('look', async (run) => {
    const files: GivenFile[] = []
    const session = await house.repository.openSession()
    try {
      for (const { role, input } of given) {
        run.progress({ note: `taking the ${role === 'all' ? 'archive' : role}` })
        files.push(await takeGiven(house, context.id, input, run))
      }
      run.progress({ note: 'reading the archives' })
      const archives = await readArchives({
        ...{ repository: house.repository, session, workDirectory: house.managed.intake.directory, run },
        given: given.map(({ role }, index) => ({ role, path: files[index]?.path ?? '', name: files[index]?.name ?? '' })),
      })
      try {
        for (const warning of archives.warnings) run.warn(warning)
        const { code, files: uploads, database } = archives.plan
        const named = (archive: number): string => files[archive]?.name ?? ''
        let tables = 0
        for await (const _ of scanDump(archives.dump() ?? nothing(), (facts) => {
          tables = facts.tables.length
          for (const warning of facts.warnings) run.warn(warning)
        }));
        return {
          ...{ framework: code.framework, version: code.version, docroot: code.docroot, hasGit: code.hasGit },
          code: {
            ...{ archive: named(code.archive), root: code.root },
            ...{ files: archives.code.outline.files, bytes: archives.code.outline.bytes },
          },
          files: uploads === null ? null : { archive: named(uploads.archive), root: uploads.root },
          database: database === null ? null : { archive: named(database.archive), tables },
        }
      } finally {
        await archives.close()
      }
    } finally {
      for (const file of files) await file.close()
      await session.close()
    }
  })
}

async function* nothing(): AsyncGenerator<Buffer> {}

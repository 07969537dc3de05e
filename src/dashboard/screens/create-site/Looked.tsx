import { Alert, List, Text } from '@mantine/core'
import type { ArchivesFound } from '../../../contract/managedSchemas.ts'
import { FactTable } from '../../parts/FactTable.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { frameworkWords } from '../../words/elements.ts'
import { sizeText } from '../../../contract/sizeText.ts'
import { plural } from '../../words/count.ts'
import { isOpen } from '../../words/workflow.ts'
import { CurrentStep } from '../../workflow/CurrentStep.tsx'
import { FailureHelp } from '../../workflow/FailureHelp.tsx'
import type { Look } from './useLook.ts'

/** What the archives hold: shown before the site is made. */
export function Looked({ look: { workflow, found, error } }: { look: Look }) {
  if (error !== null) return <Problem error={error} />
  if (workflow === null) {
    return (
      <Text size="sm" c="dimmed">
        What the archives hold is shown before anything is made.
      </Text>
    )
  }
  if (isOpen(workflow)) return <CurrentStep workflow={workflow} />
  if (found === null) return <FailureHelp workflow={workflow} />
  return (
    <div role="status">
      <FactTable rows={rowsOf(found)} />
      {workflow.warnings.length > 0 && (
        <Alert color="yellow" mt="xs">
          <List size="sm">
            {workflow.warnings.slice(0, 20).map(({ message }) => (
              <List.Item key={message}>{message}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      <Text size="sm" mt="xs">
        Nothing was made yet. Is it right?
      </Text>
    </div>
  )
}

function rowsOf({ framework, version, docroot, hasGit, code, files, database }: ArchivesFound): [string, string][] {
  const inside = (root: string): string => (root === '' ? '' : `, in ${root}`)
  return [
    ['Found', `${frameworkWords[framework] ?? framework} ${version ?? ''}`],
    [
      'Code',
      `${code.archive}${inside(code.root)}: ${plural(code.files, 'file')}, ${sizeText(code.bytes)}${docroot === '' ? '' : `, served from ${docroot}`}${hasGit ? ', with its git history' : ''}`,
    ],
    ['Files', files === null ? 'none' : `${files.archive}${inside(files.root)}`],
    ['Database', database === null ? 'none' : `${database.archive}: ${plural(database.tables, 'table')}`],
  ]
}

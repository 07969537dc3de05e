import { Alert, Button, Group, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import { healthQuery, workflowLogQuery } from '../api/queries.ts'
import { settingsQuery } from '../api/settings.ts'
import { AnchorLink } from '../parts/links.tsx'
import { useCopy } from '../parts/useCopy.ts'
import { troubleshootingAnchor } from '../words/workflow.ts'
import { reportOf } from './reportOf.ts'

/** Why it failed, what to do, and what to send to who helps. */
export function FailureHelp({ workflow }: { workflow: WorkflowView }) {
  const client = useQueryClient()
  const { copied, copy } = useCopy()
  const { data: settings } = useQuery(settingsQuery)
  const { failure } = workflow
  const copyReport = async (): Promise<void> => {
    const [lines, health] = await Promise.all([
      client.fetchQuery(workflowLogQuery(workflow.id, workflow.revision)).catch(() => []),
      client.fetchQuery(healthQuery).catch(() => null),
    ])
    await copy(reportOf(workflow, lines, health?.version ?? 'unknown'))
  }
  return (
    <Alert color="red" icon={<TriangleAlert size={18} aria-hidden />} title={failure?.message ?? 'It failed'} role="alert">
      {failure?.hint !== null && failure?.hint !== undefined && <Text size="sm">{failure.hint}</Text>}
      <Text size="xs" mt={4}>
        Code: {failure?.code ?? 'INTERNAL'}
      </Text>
      <Group gap="sm" mt="sm">
        <Button size="xs" variant="default" onClick={() => void copyReport()}>
          {copied ? 'Report copied' : 'Copy report'}
        </Button>
        <AnchorLink to="/help/$page" params={{ page: 'troubleshooting' }} hash={troubleshootingAnchor(workflow)} size="sm">
          Troubleshooting
        </AnchorLink>
        {settings?.supportContact !== null && settings?.supportContact !== undefined && (
          <Text size="sm">Support: {settings.supportContact}</Text>
        )}
      </Group>
    </Alert>
  )
}

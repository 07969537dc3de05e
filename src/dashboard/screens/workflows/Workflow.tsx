import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { workflowQuery } from '../../api/queries.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { AnchorLink } from '../../parts/links.tsx'
import { Page } from '../../parts/Page.tsx'
import { placeOf, workflowTitle } from '../../words/workflow.ts'
import { WorkflowDetail } from '../../workflow/WorkflowDetail.tsx'

const route = getRouteApi('/shell/workflows/$id')

export function Workflow() {
  const { id } = route.useParams()
  const query = useQuery(workflowQuery(id))
  const title = query.data === undefined ? 'Workflow' : `${workflowTitle(query.data.kind)} of ${placeOf(query.data)}`
  return (
    <Page
      title={title}
      about={
        <AnchorLink to="/workflows" size="sm">
          All workflows
        </AnchorLink>
      }
    >
      <Loaded query={query}>{(workflow) => <WorkflowDetail workflow={workflow} />}</Loaded>
    </Page>
  )
}

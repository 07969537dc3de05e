import { Typography } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useLocation } from '@tanstack/react-router'
import { useEffect } from 'react'
import { path, Refusal } from '../../api/send.ts'
import { Loaded } from '../../parts/Loaded.tsx'
import { readMarkdown } from './readMarkdown.ts'

const route = getRouteApi('/shell/help/$page')

/** A page of the documentation that came with this server. */
export function Help() {
  const { page } = route.useParams()
  const { hash } = useLocation()
  const query = useQuery({
    queryKey: ['help', page],
    queryFn: async () => {
      const answer = await fetch(path('/docs/:page.md', { page }))
      if (!answer.ok) {
        throw new Refusal({ code: 'INPUT_INVALID', detail: `There is no page "${page}"`, hint: null, status: answer.status })
      }
      return readMarkdown(await answer.text())
    },
    staleTime: Infinity,
  })
  useEffect(() => {
    document.title = `${page} · Cairn`
    if (query.data !== undefined && hash !== '') document.getElementById(hash)?.scrollIntoView()
  }, [page, query.data, hash])
  return (
    <Loaded query={query} rows={10}>
      {(html) => (
        <Typography maw={860}>
          <div className="page-of-docs" dangerouslySetInnerHTML={{ __html: html }} />
        </Typography>
      )}
    </Loaded>
  )
}

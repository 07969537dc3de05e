import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './dashboard.css'
import { MantineProvider } from '@mantine/core'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { asRefusal } from './api/send.ts'
import { Clock } from './parts/Moment.tsx'
import { makeRouter } from './router.ts'
import { sessionQuery } from './session/sessionQuery.ts'
import { styleNonce, tellStyleNonce } from './styleNonce.ts'
import { readableColors, theme } from './theme.ts'

tellStyleNonce()
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < 3 && asRefusal(error).code === 'SERVER_UNREACHABLE',
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
  queryCache: new QueryCache({
    onError(error) {
      if (asRefusal(error).status === 401) sessionEnded()
    },
  }),
})
const router = makeRouter(client)

/** Logging in leads back to where one was. */
function sessionEnded(): void {
  const { href, pathname } = router.state.location
  if (pathname === '/login') return
  client.removeQueries({ queryKey: sessionQuery.queryKey })
  void router.navigate({ to: '/login', search: { back: href } })
}

const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no place for the dashboard')
createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" cssVariablesResolver={readableColors} getStyleNonce={styleNonce}>
      <QueryClientProvider client={client}>
        <Clock>
          <RouterProvider router={router} />
        </Clock>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)

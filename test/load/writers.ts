import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSoak } from '../soak.ts'

/** One write that WordPress has confirmed: the site answered 200 with the number of the new post or attachment. */
export interface Acknowledged {
  kind: 'post' | 'upload'
  /** The title of the post; the name and the content of the upload hold it too. Nothing else has it */
  mark: string
}

export interface Writers {
  acknowledged: Acknowledged[]
  /** Everything else that the site answered, and how often; during maintenance WordPress's XML-RPC says nothing */
  refused: Map<string, number>
  /** Waits until so many more writes have been acknowledged than now */
  more(count: number): Promise<void>
  /** Ends after the answers that are still out */
  stop(): Promise<void>
}

interface WritersOptions {
  url: string
  user: string
  password: string
  /** Begins every mark */
  label: string
  posting: number
  uploading: number
  /** On 127.0.0.1, of a web server that knows the address without any name server doing so */
  port?: number
}

const patienceMs = 120_000
/** Without one, PHP would take most of the machine from the tests beside */
const pauseMs = isSoak ? 0 : 500

/** People who post and upload all the time, through WordPress's XML-RPC: one request after the other, each with a login. */
export function startWriters({ url, user, password, label, posting, uploading, port }: WritersOptions): Writers {
  const acknowledged: Acknowledged[] = []
  const refused = new Map<string, number>()
  let isStopped = false
  const write = async (kind: Acknowledged['kind'], name: string): Promise<void> => {
    for (let number = 0; !isStopped; number++) {
      const mark = `${label}-${name}-${String(number).padStart(5, '0')}`
      const answer = await send(
        `${url}/xmlrpc.php`,
        kind === 'post' ? postOf(mark, user, password) : uploadOf(mark, user, password),
        port,
      )
      if (answer === 'done') {
        acknowledged.push({ kind, mark })
        await sleep(pauseMs)
      } else {
        refused.set(answer, (refused.get(answer) ?? 0) + 1)
        await sleep(50)
      }
    }
  }
  const running = [
    ...Array.from({ length: posting }, (_, i) => write('post', `p${i}`)),
    ...Array.from({ length: uploading }, (_, i) => write('upload', `u${i}`)),
  ]
  return {
    acknowledged,
    refused,
    async more(count) {
      const goal = acknowledged.length + count
      for (const until = Date.now() + patienceMs; acknowledged.length < goal; await sleep(20)) {
        if (Date.now() > until) throw new Error(`The site takes no writes any more: ${JSON.stringify([...refused])}`)
      }
    },
    async stop() {
      isStopped = true
      await Promise.all(running)
    },
  }
}

async function send(url: string, body: string, port: number | undefined): Promise<string> {
  try {
    const { status, text } = await post(url, body, port)
    if (status !== 200) return `HTTP ${status}`
    const fault = /<fault>.*<string>(.*?)<\/string>/s.exec(text)?.[1]
    if (fault !== undefined) return fault
    return text.includes('<methodResponse>') && text.trimEnd().endsWith('</methodResponse>')
      ? 'done'
      : text.slice(0, 200) || 'nothing'
  } catch (error) {
    return String(error)
  }
}

function post(url: string, body: string, port: number | undefined): Promise<{ status: number; text: string }> {
  const { host, hostname, port: own, pathname } = new URL(url)
  const at = port === undefined ? { host: hostname, port: own } : { host: '127.0.0.1', port }
  const headers = { host, 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const asked = request({ ...at, method: 'POST', path: pathname, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.once('error', reject)
    })
    asked.once('error', reject)
    asked.end(body)
  })
}

function postOf(mark: string, user: string, password: string): string {
  const content = { post_type: 'post', post_status: 'publish', post_title: mark, post_content: `Written as ${mark}` }
  return call(
    'wp.newPost',
    user,
    password,
    Object.entries(content).map(([name, value]) => member(name, `<string>${value}</string>`)),
  )
}

function uploadOf(mark: string, user: string, password: string): string {
  const bits = Buffer.from(`${mark}\n`).toString('base64')
  return call('wp.uploadFile', user, password, [
    member('name', `<string>${mark}.txt</string>`),
    member('type', '<string>text/plain</string>'),
    member('bits', `<base64>${bits}</base64>`),
  ])
}

function call(method: string, user: string, password: string, members: string[]): string {
  const values = [
    '<int>1</int>',
    `<string>${user}</string>`,
    `<string>${password}</string>`,
    `<struct>${members.join('')}</struct>`,
  ]
  const params = values.map((value) => `<param><value>${value}</value></param>`).join('')
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`
}

function member(name: string, value: string): string {
  return `<member><name>${name}</name><value>${value}</value></member>`
}

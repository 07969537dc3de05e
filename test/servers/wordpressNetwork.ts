import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runChild } from '../../src/base/spawn.ts'
import { installWordPress, type WordPress, type WordPressOptions } from './wordpress.ts'

export interface WordPressNetwork extends WordPress {
  /** Address of an image of the second site, which stands at `/second/` */
  image: string
}

/** A real WordPress network in directories, with two sites. `url` has no port: WordPress takes the colon out of each new site's domain. */
export async function installNetwork(options: WordPressOptions, image: Buffer): Promise<WordPressNetwork> {
  const wordpress = await installWordPress(options)
  const { directory, url } = wordpress
  const { host } = new URL(url)
  const step = (name: 'network' | 'site'): Promise<{ stdout: string }> =>
    runChild('php', ['-d', 'display_errors=stderr', join(import.meta.dirname, 'wordpressNetwork.php')], {
      input: JSON.stringify({ directory, host, step: name, image: image.toString('base64') }),
    })
  await step('network')
  const config = join(directory, 'wp-config.php')
  const constants = `define( 'MULTISITE', true );
define( 'SUBDOMAIN_INSTALL', false );
define( 'DOMAIN_CURRENT_SITE', '${host}' );
define( 'PATH_CURRENT_SITE', '/' );
define( 'SITE_ID_CURRENT_SITE', 1 );
define( 'BLOG_ID_CURRENT_SITE', 1 );

`
  const stop = "/* That's all"
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace(stop, () => constants + stop),
  )
  const { stdout } = await step('site')
  if (process.getuid?.() === 0) await runChild('chown', ['-R', 'www-data:www-data', directory])
  return { ...wordpress, image: stdout.trim() }
}

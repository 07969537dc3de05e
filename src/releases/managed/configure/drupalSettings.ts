import { basename, join } from 'node:path'
import type { CodeTree } from './codeTree.ts'
import type { CodeFacts } from './configure.ts'
import { phpText, withInclude } from './phpText.ts'

/** The file that holds what the environment says; the site's own settings include it as their last statement. */
const included = 'settings.cairn.php'

/**
 * Lays the environment's settings beside the site's own, which get one include, or are written where there are none. A site
 * directory of another name than `default` is made the one that answers to every address: of a managed environment there is
 * one site.
 *
 * @param body what the framework needs, as PHP statements
 */
export function layDrupalSettings(tree: CodeTree, facts: CodeFacts, body: string): string[] {
  const { contentDirectory, docroot } = facts
  const at = (name: string): string => join(contentDirectory, name)
  tree.write(at(included), heading + findVariables(contentDirectory) + body)
  const made = [at(included)]
  const own = tree.read(at('settings.php'))
  if (own === null) made.push(at('settings.php'))
  tree.write(at('settings.php'), withInclude(own ?? '<?php\n', included))
  const name = basename(contentDirectory)
  if (contentDirectory === docroot || name === 'default') return made
  const map = join(docroot, 'sites')
  tree.write(join(map, 'sites.cairn.php'), heading + mapping(name))
  const ownMap = tree.read(join(map, 'sites.php'))
  if (ownMap === null) made.push(join(map, 'sites.php'))
  tree.write(join(map, 'sites.php'), withInclude(ownMap ?? '<?php\n', 'sites.cairn.php'))
  return [...made, join(map, 'sites.cairn.php')]
}

const heading = `<?php
// Written by Cairn for this environment, anew with each release. It is in no archive and not in the history.

`

/** The command line knows nothing of `prepend.php`, unless it was told. */
function findVariables(contentDirectory: string): string {
  const up = '/..'.repeat(contentDirectory.split('/').filter((name) => name !== '').length + 1)
  return `if (getenv('DB_NAME') === false) {
  $cairn_file = json_decode((string) @file_get_contents(__DIR__ . '${up}/environment.json'), true);
  foreach ($cairn_file['variables'] ?? [] as $cairn_name => $cairn_value) {
    putenv("$cairn_name=$cairn_value");
    $_ENV[$cairn_name] = $_SERVER[$cairn_name] = $cairn_value;
  }
}

`
}

/** Drupal looks a host up as `port.host`, and then shorter and shorter. */
function mapping(name: string): string {
  return `$sites[implode('.', array_reverse(explode(':', rtrim($_SERVER['HTTP_HOST'] ?? 'default', '.'))))] = ${phpText(name)};
`
}

/** `$databases` of Drupal 7 and later; the encoding that the site chose stays. */
export function drupalDatabases(tablePrefix: string | null): string {
  const prefix =
    tablePrefix === null ? `is_string($cairn_own['prefix'] ?? null) ? $cairn_own['prefix'] : ''` : phpText(tablePrefix)
  return `$cairn_own = $databases['default']['default'] ?? [];
$databases['default'] = ['default' => [
  'driver' => 'mysql',
  'host' => getenv('DB_HOST'),
  'port' => getenv('DB_PORT'),
  'username' => getenv('DB_USER'),
  'password' => getenv('DB_PASSWORD'),
  'database' => getenv('DB_NAME'),
  'prefix' => ${prefix},
] + array_intersect_key(is_array($cairn_own) ? $cairn_own : [], ['charset' => 1, 'collation' => 1, 'init_commands' => 1])];
`
}

/** Of those before Drupal 8: an address or a cookie domain that the code fixes would send visitors elsewhere, and sign nobody in. */
export const ownAddress = `if (!empty($base_url) && getenv('CAIRN_URL')) {
  $base_url = getenv('CAIRN_URL');
}
$cookie_domain = NULL;
`

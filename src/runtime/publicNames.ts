/** Which files visitors may have, and as what. The printed configuration for nginx says the same. */

/** Of a release's code only files of these kinds are shown: everything else is source, configuration or notes. */
export const contentTypes: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  htm: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  map: 'application/json',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
  xml: 'text/xml; charset=utf-8',
  xsl: 'text/xml; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
  ics: 'text/calendar; charset=utf-8',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  svg: 'image/svg+xml',
  ico: 'image/x-icon',
  cur: 'image/x-icon',
  bmp: 'image/bmp',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  woff: 'font/woff',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  eot: 'application/vnd.ms-fontobject',
  pdf: 'application/pdf',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  webm: 'video/webm',
  ogv: 'video/ogg',
  mov: 'video/quicktime',
  wasm: 'application/wasm',
  swf: 'application/x-shockwave-flash',
  zip: 'application/zip',
  gz: 'application/gzip',
}

export function isPhp(name: string): boolean {
  return extension(name) === 'php'
}

/** What other web servers take for PHP, and sources that hold passwords or say which code a site has. */
export const sourceName =
  /\.(?:php\d*|phtml|phtm|phps|pht|phar|inc|module|install|engine|theme|profile|make|po|sh|pl|py|cgi|sql|twig|tpl|ya?ml|neon|ini|env|lock|log|htaccess|htpasswd|git)(?:\.(?:sw[op]|bak|orig|save|old|dist))?~?$/i

/** Of the code: notes that name versions, and what package managers leave. */
export const closedNames = /^(?:composer|package|package-lock|bower)\.json$|^(?:web\.config|Gruntfile\.js|gulpfile\.js)$/i

/** @param names the path inside the code */
export function isPublicName(names: readonly string[]): boolean {
  const name = names.at(-1) ?? ''
  return extension(name) in contentTypes && !sourceName.test(name) && !closedNames.test(name) && !names.some(isHidden)
}

/** Of the files: private ones, exported configuration (`config_<hash>`) and whatever would be code. */
export function isNeverServed(names: readonly string[]): boolean {
  return (
    names[0] === 'private' ||
    names.some((name) => isHidden(name) || /^config_[0-9A-Za-z_-]{6,}$/.test(name)) ||
    sourceName.test(names.at(-1) ?? '')
  )
}

function isHidden(name: string): boolean {
  return name.startsWith('.') && name !== '.well-known'
}

/** In lower case, '' for none */
export function extension(name: string): string {
  return /\.([0-9A-Za-z]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
}

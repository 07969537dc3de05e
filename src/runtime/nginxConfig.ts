import { join } from 'node:path'
import type { FpmLimits } from './php/fpmConfig.ts'
import { closedNames, contentTypes, sourceName } from './publicNames.ts'
import type { WebserverSubject } from './webserverConfig.ts'

/** The same rules as the gateway's, in nginx's words. Its order of locations: exact, `^~`, then regular expressions as they stand. */
export function nginxConfig(subject: WebserverSubject, socket: string, limits: FpmLimits): string {
  const { place, docroot, framework, serverNames, listen = '80' } = subject
  const filesPath = subject.filesPath.replaceAll(/^\/+|\/+$/g, '')
  const root = join(place.directory, 'current/code', docroot)
  return `server {
    listen ${listen};
    server_name ${serverNames.join(' ')};
    root ${quote(root)};
    index index.php index.html;
    charset utf-8;
    charset_types ${textTypes.join(' ')};
    server_tokens off;
    client_max_body_size ${limits.uploadMaxMb + 16}m;
    default_type application/octet-stream;
    types {
${typeLines()}
    }
    add_header X-Content-Type-Options nosniff always;
${place.isLive ? '' : '    add_header X-Robots-Tag "noindex, nofollow" always;\n'}
    # where the link leads, looked up once: every parameter of a request names the same release
    set $cairn_root $realpath_root;

    # a switch is going on
    error_page 503 @maintenance;
    if (-f ${quote(join(place.directory, 'maintenance'))}) { return 503; }
    location @maintenance {
        default_type text/plain;
        add_header Retry-After 5 always;
        add_header Cache-Control no-store always;
        return 503 "The site is being changed\\n";
    }
${framework === 'wordpress_network' ? networkRules : ''}
    location ~ "/\\.(?!well-known(?:/|$))" { return 404; }

    # uploads: never run, links of the site only to what is its own, private ones and exported configuration not at all
    location ^~ /${filesPath}/ {
        disable_symlinks if_not_owner from=$document_root/${filesPath};
        location ~ "/\\.(?!well-known(?:/|$))" { return 404; }
        location ~ "^/${escapeRegExp(filesPath)}/private(?:/|$)" { return 403; }
        location ~ "/config_[0-9A-Za-z_-]{6,}(?:/|$)" { return 403; }
        location ~* "${sourceName.source}" { return 403; }
        try_files $uri /index.php$is_args$args;
    }

    location ~ "^(?<cairn_script>/.+?\\.php)(?<cairn_info>/.*)?$" {
        try_files $cairn_script =404;
        fastcgi_pass unix:${socket};
        fastcgi_param GATEWAY_INTERFACE CGI/1.1;
        fastcgi_param SERVER_SOFTWARE nginx;
        fastcgi_param SERVER_PROTOCOL $server_protocol;
        fastcgi_param SERVER_NAME $host;
        fastcgi_param SERVER_PORT $server_port;
        fastcgi_param SERVER_ADDR $server_addr;
        fastcgi_param REMOTE_ADDR $remote_addr;
        fastcgi_param REMOTE_PORT $remote_port;
        fastcgi_param REQUEST_SCHEME $scheme;
        fastcgi_param HTTPS $https if_not_empty;
        fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param REQUEST_URI $request_uri;
        fastcgi_param QUERY_STRING $query_string;
        fastcgi_param CONTENT_TYPE $content_type;
        fastcgi_param CONTENT_LENGTH $content_length;
        fastcgi_param HTTP_PROXY "";
        fastcgi_param DOCUMENT_ROOT $cairn_root;
        fastcgi_param DOCUMENT_URI $cairn_script$cairn_info;
        fastcgi_param SCRIPT_NAME $cairn_script;
        fastcgi_param SCRIPT_FILENAME $cairn_root$cairn_script;
        fastcgi_param PATH_INFO $cairn_info;
        fastcgi_param REDIRECT_STATUS 200;
        fastcgi_buffer_size 32k;
        fastcgi_buffers 16 16k;
        fastcgi_read_timeout ${limits.requestSecondsMax + 30}s;
        fastcgi_ignore_client_abort on;
        fastcgi_next_upstream off;
    }

    # of the code only what visitors may have: no sources, no configuration, no notes
    location ~* "/(?:${closedNames.source.replaceAll('^', '')})" { return 404; }
    location ~* "\\.(?:${Object.keys(contentTypes).join('|')})$" { try_files $uri /index.php$is_args$args; }
    location / { try_files $uri/ /index.php$is_args$args; }
}
`
}

/** Sites of a network in directories: each has WordPress below its own name. */
const networkRules = `
    if (!-e $request_filename) {
        rewrite /wp-admin$ $scheme://$http_host$request_uri/ permanent;
        rewrite "^/[_0-9a-zA-Z-]+(/wp-(?:content|admin|includes)/.*)$" $1 last;
        rewrite "^/[_0-9a-zA-Z-]+(/.*\\.php)$" $1 last;
    }
`

/** `text/html` is among them of itself. */
const textTypes = [
  ...new Set(Object.values(contentTypes).flatMap((type) => (type.includes('charset') ? [type.split(';')[0] ?? ''] : []))),
].filter((type) => type !== 'text/html')

function typeLines(): string {
  return Object.entries(contentTypes)
    .map(([ending, type]) => `        ${type.split(';')[0]} ${ending};`)
    .join('\n')
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** @throws for a path that nginx would read as a variable */
function quote(path: string): string {
  if (/["\\$;{}\n]/.test(path)) throw new Error(`"${path}" cannot stand in the configuration of nginx`)
  return `"${path}"`
}

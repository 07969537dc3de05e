export interface Settings {
  docroot: string
  directory: string
  port: number
  user: string
  workers: number
  pool: string[]
}

const isRoot = process.getuid?.() === 0

/** One pool; a graceful reload (USR2) lets running requests end within ten seconds. */
export function fpmConfig({ directory, user, workers, pool }: Settings): string {
  const owner = isRoot ? [`user = ${user}`, `group = ${user}`, `listen.owner = ${user}`, `listen.group = ${user}`] : []
  return `${[
    '[global]',
    `error_log = ${directory}/php-fpm.log`,
    'process_control_timeout = 10s',
    '[site]',
    ...owner,
    `listen = ${directory}/php.sock`,
    'listen.mode = 0660',
    'pm = static',
    `pm.max_children = ${workers}`,
    'pm.max_requests = 0',
    'php_admin_flag[log_errors] = on',
    `php_admin_value[error_log] = ${directory}/php-error.log`,
    'php_admin_value[upload_max_filesize] = 64M',
    'php_admin_value[post_max_size] = 64M',
    ...pool,
  ].join('\n')}\n`
}

export function nginxConfig({ directory, docroot, user, port }: Settings): string {
  return `${isRoot ? `user ${user};\n` : ''}worker_processes 1;
pid ${directory}/nginx-own.id;
error_log ${directory}/nginx.log warn;
events { worker_connections 512; }
http {
  types {
    text/html html; text/css css; application/javascript js; image/png png; image/jpeg jpg jpeg;
    image/svg+xml svg; image/gif gif; font/woff2 woff2; application/json json; text/plain txt;
  }
  default_type application/octet-stream;
  access_log off;
  client_max_body_size 64m;
  client_body_temp_path ${directory}/nginx-body;
  fastcgi_temp_path ${directory}/nginx-fastcgi;
  proxy_temp_path ${directory}/nginx-proxy;
  uwsgi_temp_path ${directory}/nginx-uwsgi;
  scgi_temp_path ${directory}/nginx-scgi;
  server {
    listen 127.0.0.1:${port};
    root ${docroot};
    index index.php index.html;
    location / { try_files $uri $uri/ /index.php?$args; }
    location ~ \\.php$ {
      try_files $uri =404;
      include /etc/nginx/fastcgi_params;
      fastcgi_param HTTP_HOST $http_host; # Debian passes $host, which has no port: WordPress would redirect for ever
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_pass unix:${directory}/php.sock;
      fastcgi_read_timeout 120s;
    }
  }
}
`
}

/** PHP's own server answers 404 for a pretty address with a dot in it unless a router sends it to index.php. */
export const builtinRouter = `<?php
$path = $_SERVER['DOCUMENT_ROOT'] . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (is_file($path) || is_file(rtrim($path, '/') . '/index.php')) { return false; }
$_SERVER['SCRIPT_NAME'] = '/index.php';
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
`

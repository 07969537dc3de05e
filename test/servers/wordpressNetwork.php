<?php
// Reads {directory, host, step} as JSON from stdin. `network` makes a network in directories of an installed WordPress, `site` a
// second site in it whose front page shows an image; prints the address of the image.
$input = json_decode(stream_get_contents(STDIN), true);
$_SERVER += ['HTTP_HOST' => $input['host'], 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/', 'REMOTE_ADDR' => '127.0.0.1'];
$_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SERVER_NAME'] = parse_url("http://{$input['host']}", PHP_URL_HOST);
if ($input['step'] === 'network') define('WP_ALLOW_MULTISITE', true);
require $input['directory'] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');

if ($input['step'] === 'network') {
    require_once ABSPATH . 'wp-admin/includes/network.php';
    foreach ($wpdb->tables('ms_global') as $table => $name) $wpdb->$table = $name;
    install_network();
    $made = populate_network(1, $input['host'], 'admin@example.test', 'Network', '/', false);
    if (is_wp_error($made)) {
        fwrite(STDERR, $made->get_error_message());
        exit(1);
    }
    exit(0);
}

$blog = wp_insert_site(['domain' => $input['host'], 'path' => '/second/', 'network_id' => 1, 'user_id' => 1, 'title' => 'Second site']);
if (is_wp_error($blog)) {
    fwrite(STDERR, $blog->get_error_message());
    exit(1);
}
switch_to_blog($blog);
$image = wp_upload_bits('second.png', null, base64_decode($input['image']));
$page = ['post_title' => 'Of the second site', 'post_content' => "<img src=\"{$image['url']}\" alt=\"\"/>"];
update_option('page_on_front', wp_insert_post($page + ['post_type' => 'page', 'post_status' => 'publish', 'post_author' => 1]));
update_option('show_on_front', 'page');
update_option('serialized_address', ['nested' => ['at' => home_url('/about/')]]);
echo $image['url'];

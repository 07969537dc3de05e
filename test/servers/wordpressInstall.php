<?php
// Reads {directory, url, posts, uploads} as JSON from stdin, installs WordPress and fills it; prints one line of JSON.
$input = json_decode(stream_get_contents(STDIN), true);
$parts = parse_url($input['url']);
$_SERVER += [
    'HTTP_HOST' => $parts['host'] . (isset($parts['port']) ? ':' . $parts['port'] : ''),
    'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/', 'REMOTE_ADDR' => '127.0.0.1',
];
$_SERVER['PHP_SELF'] = '/index.php';
define('WP_INSTALLING', true);
define('WP_SITEURL', $input['url']);
require $input['directory'] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/translation-install.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Cairn Test Site', 'admin', 'admin@example.test', true, '', 'adminpw');
update_option('siteurl', $input['url']);
update_option('home', $input['url']);

global $wpdb;

/** Inserts rows of equal shape, a hundred in a statement. */
function insert_rows($table, $columns, $rows) {
    global $wpdb;
    foreach (array_chunk($rows, 100) as $some) {
        $values = array_map(fn($row) => '(' . implode(',', array_map(fn($value) => "'" . esc_sql($value) . "'", $row)) . ')', $some);
        $sql = "INSERT INTO $table (" . implode(',', $columns) . ') VALUES ' . implode(',', $values);
        if ($wpdb->query($wpdb->remove_placeholder_escape($sql)) === false) {
            fwrite(STDERR, $wpdb->last_error . "\n");
            exit(1);
        }
    }
}

$wpdb->query('SET autocommit=0');
mt_srand(7);
$words = explode(' ', 'granite lantern harbour meadow copper violet signal orchard winter ledger compass river amber quiet '
    . 'thunder marble pepper saddle velvet island cedar anchor mosaic ember willow summit déjà straße naïve 山 ☃ café');
$sentence = function ($count) use ($words) {
    $out = [];
    for ($i = 0; $i < $count; $i++) $out[] = $words[mt_rand(0, count($words) - 1)];
    return ucfirst(implode(' ', $out)) . '.';
};
$next = (int) $wpdb->get_var("SELECT MAX(ID) FROM $wpdb->posts") + 1;
$stamp = fn($i) => gmdate('Y-m-d H:i:s', 1704067200 + $i * 3600);
$columns = ['ID', 'post_author', 'post_date', 'post_date_gmt', 'post_modified', 'post_modified_gmt', 'post_title', 'post_name',
    'post_content', 'post_excerpt', 'to_ping', 'pinged', 'post_content_filtered', 'post_status', 'post_type', 'post_mime_type', 'guid'];
$images = $meta = $posts = $terms = $comments = [];
foreach ($input['uploads'] as $i => $upload) {
    $id = $next++;
    $at = $stamp($i);
    $link = $input['url'] . '/wp-content/uploads/' . $upload['path'];
    $images[] = [$id, 1, $at, $at, $at, $at, $upload['title'], sanitize_title($upload['title']), '', '', '', '', '', 'inherit',
        'attachment', 'image/png', $link];
    $meta[] = [$id, '_wp_attached_file', $upload['path']];
    $meta[] = [$id, '_wp_attachment_metadata', serialize(['width' => $upload['width'], 'height' => $upload['height'],
        'file' => $upload['path'], 'sizes' => [], 'image_meta' => []])];
}
for ($i = 0; $i < $input['posts']; $i++) {
    $id = $next++;
    $at = $stamp($i);
    $title = 'Post ' . ($i + 1) . ': ' . $sentence(4);
    $text = '';
    for ($p = mt_rand(2, 6); $p > 0; $p--) $text .= "<!-- wp:paragraph -->\n<p>" . $sentence(mt_rand(20, 60)) . "</p>\n<!-- /wp:paragraph -->\n\n";
    if ($images) {
        $image = $images[$i % count($images)];
        $text .= "<!-- wp:image {\"id\":{$image[0]}} -->\n<figure class=\"wp-block-image\"><img src=\"{$image[16]}\" alt=\"\" "
            . "class=\"wp-image-{$image[0]}\"/></figure>\n<!-- /wp:image -->\n";
    }
    $posts[] = [$id, 1, $at, $at, $at, $at, $title, 'post-' . ($i + 1), $text, '', '', '', '', 'publish', 'post', '',
        $input['url'] . '/?p=' . $id];
    $meta[] = [$id, '_cairn_number', (string) $i];
    $terms[] = [$id, 1];
    if ($i % 3 === 0) $comments[] = [$id, 'Reader ' . $i, 'reader@example.test', $at, $at, $sentence(15), 1];
}
insert_rows($wpdb->posts, $columns, $images);
insert_rows($wpdb->posts, $columns, $posts);
insert_rows($wpdb->postmeta, ['post_id', 'meta_key', 'meta_value'], $meta);
insert_rows($wpdb->term_relationships, ['object_id', 'term_taxonomy_id'], $terms);
insert_rows($wpdb->comments, ['comment_post_ID', 'comment_author', 'comment_author_email', 'comment_date', 'comment_date_gmt',
    'comment_content', 'comment_approved'], $comments);
$wpdb->query("UPDATE $wpdb->posts p SET comment_count = (SELECT COUNT(*) FROM $wpdb->comments c WHERE c.comment_post_ID = p.ID)");
$wpdb->query('COMMIT');
wp_update_term_count_now([1], 'category');
$count = (int) $wpdb->get_var("SELECT COUNT(*) FROM $wpdb->posts WHERE post_type = 'post'");
echo "\n", json_encode(['version' => $GLOBALS['wp_version'], 'posts' => $count]), "\n";

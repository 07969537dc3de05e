<?php
// Makes values from a seed, each twice: as a site holds it, and as it must be with its addresses replaced. PHP itself
// builds the value, replaces the text of each leaf and serializes; then it reads what was made of the first and compares.
// Output: a line for each value, base64 of both. Input: a line for each value, base64 of the answer. Exit code 1 with the
// numbers on stderr where an answer is not the second one, byte for byte, or PHP cannot read it.
error_reporting(E_ALL & ~E_DEPRECATED);

// what a text holds of addresses, before and after
const FRAGMENTS = [
    ['https://old.example.com/', 'https://new.site.test:8443/sub/'],
    ['http://old.example.com/a/b.jpg?x=1', 'https://new.site.test:8443/sub/a/b.jpg?x=1'],
    ['//old.example.com', '//new.site.test:8443/sub'],
    ['https://old.example.com/blog/post-1/', 'https://blog.site.test/post-1/'],
    ['https://old.example.com/blogging', 'https://new.site.test:8443/sub/blogging'],
    ['HTTPS://Old.Example.com/x', 'https://new.site.test:8443/sub/x'],
    ['http:\/\/old.example.com\/blog\/y', 'https:\/\/blog.site.test\/y'],
    ['https%3A%2F%2Fold.example.com%2Fblog%2Fz', 'https%3A%2F%2Fblog.site.test%2Fz'],
    ['https%3a%2f%2fold.example.com%2fz', 'https%3a%2f%2fnew.site.test%3a8443%2fsub%2fz'],
    ['/var/www/old/wp-content', '/srv/sites/new/wp-content'],
    ['wss://old.example.com/socket', 'wss://new.site.test:8443/sub/socket'],
    // what only looks like it
    ['https://notold.example.com/', 'https://notold.example.com/'],
    ['https://old.example.com.evil/', 'https://old.example.com.evil/'],
    ['https://www.old.example.com/', 'https://www.old.example.com/'],
    ['https://old.example.com:8080/', 'https://old.example.com:8080/'],
    ['me@old.example.com', 'me@old.example.com'],
    ['old.example.com', 'old.example.com'],
    ['/var/www/older', '/var/www/older'],
    ['https://new.site.test:8443/sub/', 'https://new.site.test:8443/sub/'],
];
const WORDS = ['plain', 'Grüße', '日本語', "line\nbreak", '"quoted"', '<a href="', "'", '{', '}', ';', 's:5:', 'a:1', '\\', '%', '🎉', 'é', ''];
const RAW_BYTES = ["\x00\x01", "\xff\xfe", "\x80", "\r\n\t", "\x7f"];

class Holder { public $shown; protected $kept; private $own; public function fill($a, $b, $c) { $this->shown = $a; $this->kept = $b; $this->own = $c; } }
class Child extends Holder { private $own; public function more($d) { $this->own = $d; } }
class Custom implements Serializable {
    public $data;
    public function serialize() { return serialize($this->data); }
    public function unserialize($text) { $this->data = unserialize($text); }
}
class Modern { public $data = []; public function __serialize(): array { return $this->data; } public function __unserialize(array $d): void { $this->data = $d; } }
enum Suit: string { case Hearts = 'https://old.example.com/hearts'; case Spades = 'S'; }

$isNew = false; // which of the two is being made

function pick(array $list) { return $list[mt_rand(0, count($list) - 1)]; }

function text(bool $isBinary = true): string {
    global $isNew;
    $parts = [];
    for ($n = mt_rand(0, 6); $n >= 0; $n--) {
        $kind = mt_rand(0, 9);
        $parts[] = $kind < 5 ? pick(FRAGMENTS)[$isNew ? 1 : 0] : ($kind < 9 || !$isBinary ? pick(WORDS) : pick(RAW_BYTES));
    }
    // a space in front keeps a text from being read as JSON or as a serialized value by chance
    return ' ' . implode(' ', $parts) . (mt_rand(0, 4) ? '' : '.');
}

/** Looks serialized, holds an address, and is not whole: nothing in it may change. */
function broken(): string {
    return pick(['a:2:{i:0;s:24:"https://old.example.com/";}', 's:99:"https://old.example.com/";', 'O:8:"stdClass":1:{s:1:"a";s:3:"https://old.example.com/";}', 'a:1:{i:0;s:24:"https://old.example.com/";}tail']);
}

function scalar() {
    switch (mt_rand(0, 12)) {
        case 0: return mt_rand(0, 1) === 1;
        case 1: return null;
        case 2: return pick([0, -1, PHP_INT_MAX, PHP_INT_MIN, 1234567890123, -42]);
        case 3: return pick([0.1, -0.0, 1e100, 1.5e-7, NAN, INF, -INF, 3.0, 0.30000000000000004, -1.0E+25]);
        case 4: return pick([Suit::Hearts, Suit::Spades]);
        case 5: return broken();
        default: return text();
    }
}

function json(int $depth): string {
    $flags = pick([0, JSON_UNESCAPED_SLASHES, JSON_UNESCAPED_UNICODE, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE, JSON_PRETTY_PRINT, JSON_HEX_TAG | JSON_HEX_QUOT | JSON_HEX_AMP]);
    return json_encode(jsonValue($depth), $flags | JSON_THROW_ON_ERROR);
}

function jsonValue(int $depth) {
    $list = [];
    for ($n = mt_rand(1, 4); $n > 0; $n--) {
        $kind = mt_rand(0, 9);
        $value = $depth > 0 && $kind < 2 ? jsonValue($depth - 1)
            : ($depth > 0 && $kind === 2 ? json($depth - 1)
            : ($depth > 0 && $kind === 3 ? serialize(jsonValue($depth - 1))
            : ($kind === 4 ? pick([1, -2.5, true, null, 1e20]) : text(false))));
        if (mt_rand(0, 2)) $list[key_(false) . $n] = $value; else $list[] = $value;
    }
    return $list;
}

function key_(bool $mayBeInt = true) {
    global $isNew;
    $kind = mt_rand(0, 7);
    if ($kind < 2 && $mayBeInt) return mt_rand(-5, 100000);
    // a number makes it unlike the others, before and after
    return $kind === 2 ? pick(FRAGMENTS)[$isNew ? 1 : 0] . '#' . mt_rand() : 'key ' . pick(WORDS) . mt_rand();
}

function value(int $depth) {
    if ($depth === 0) return scalar();
    switch (mt_rand(0, 11)) {
        case 0: case 1: case 2: case 3:
            $list = [];
            for ($n = mt_rand(0, 5); $n > 0; $n--) $list[key_()] = value($depth - 1);
            if (count($list) > 1 && mt_rand(0, 3) === 0) { // two names for one value
                $keys = array_keys($list);
                $list[$keys[1]] = &$list[$keys[0]];
            }
            return $list;
        case 4:
            $object = new stdClass();
            for ($n = mt_rand(0, 4); $n > 0; $n--) $object->{(string) key_()} = value($depth - 1);
            if (mt_rand(0, 2) === 0) $object->self = $object;
            return $object;
        case 5:
            $object = mt_rand(0, 1) ? new Holder() : new Child();
            $object->fill(value($depth - 1), text(), value($depth - 1));
            if ($object instanceof Child) $object->more(text());
            return mt_rand(0, 1) ? [$object, text(), $object] : $object;
        case 6: $object = new Custom(); $object->data = value($depth - 1); return $object;
        case 7: $object = new Modern(); $object->data = [value($depth - 1), text()]; return $object;
        case 8: case 9: return serialize(value($depth - 1));
        case 10: return json(min($depth - 1, 2));
        default: return scalar();
    }
}

[, $seed, $count] = $argv;
$wanted = [];
for ($i = 0; $i < $count; $i++) {
    $two = [];
    foreach ([false, true] as $isNew) {
        mt_srand($seed * 1000003 + $i);
        $two[] = serialize(mt_rand(0, 9) ? [value(5), text()] : value(5));
    }
    $wanted[] = $two[1];
    fwrite(STDOUT, base64_encode($two[0]) . ' ' . base64_encode($two[1]) . "\n");
}
fwrite(STDOUT, "\n");

$wrong = [];
for ($i = 0; $i < $count; $i++) {
    $answer = base64_decode(trim(fgets(STDIN)));
    $back = @unserialize($answer);
    if ($answer !== $wanted[$i] || ($back === false && $answer !== 'b:0;') || serialize($back) !== $answer) $wrong[] = $i;
}
if ($wrong !== []) {
    fwrite(STDERR, 'wrong: ' . implode(' ', $wrong) . "\n");
    exit(1);
}

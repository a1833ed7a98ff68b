"""A database of places of a test's own: a few networks, in MaxMind's format, and one that lies about a private one."""
import subprocess

WRITER = """
use MaxMind::DB::Writer::Tree;
my %types = (country => 'map', city => 'map', location => 'map', names => 'map', en => 'utf8_string',
             iso_code => 'utf8_string', latitude => 'double', longitude => 'double');
my $tree = MaxMind::DB::Writer::Tree->new(ip_version => 6, record_size => 24, database_type => 'Test-City',
    languages => ['en'], description => {en => 'for tests'}, remove_reserved_networks => 0, map_key_type_callback => sub { $types{$_[0]} });
my @rows = (['81.2.69.0/24', 'London', 'United Kingdom', 51.5142, -0.0931], ['81.3.70.0/24', 'Slough', 'United Kingdom', 51.5095, -0.5954],
            ['2001:218::/32', 'Tokyo', 'Japan', 35.6895, 139.6917], ['10.0.0.0/8', 'Nowhere', 'Lie', 1, 1]);
for (@rows) {
    my ($net, $city, $country, $lat, $lon) = @$_;
    $tree->insert_network($net, {country => {names => {en => $country}}, city => {names => {en => $city}}, location => {latitude => $lat, longitude => $lon}});
}
open my $out, '>:raw', $ARGV[0] or die;
$tree->write_tree($out);
"""
LONDON, SLOUGH, TOKYO, PRIVATE = "81.2.69.160", "81.3.70.7", "2001:218::1", "10.0.0.1"


def write(path):
    subprocess.run(["perl", "-e", WRITER, path], check=True)
    return path

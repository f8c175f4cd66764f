#!/usr/bin/perl
# Stands for `ip` and `modprobe` on the host of the fault tests. It asks the test, behind a socket beside its folder,
# what to do, one order after another, and so prints, reads, fails or dies just when the test says so. It loads no
# module, since it starts some hundred thousand times in a run.

my ($home, $name) = $0 =~ m{^(.*)/bin/([^/]+)$};
# AF_UNIX and SOCK_STREAM of Linux.
socket(my $door, 1, 1, 0) or die "socket: $!";
# A host without power runs nothing.
connect($door, pack("S a108", 1, "$home/door")) or kill KILL => $$;
for my $handle ($door, *STDERR, *STDOUT) { select $handle; $| = 1 }

my $netns = exists $ENV{STAND_IN_NETNS} ? $ENV{STAND_IN_NETNS} : "";
print $door "$$ ", 1 + @ARGV, " $netns\n", map { "$_\0" } $name, @ARGV;
while (my $order = <$door>) {
  chomp $order;
  my ($verb, $value, $folder) = split / /, $order, 3;
  if ($verb eq "stdout" or $verb eq "stderr") {
    read($door, my $text, $value);
    if ($verb eq "stdout") { print STDOUT $text } else { print STDERR $text }
  } elsif ($verb eq "read") {
    my $line = <STDIN>;
    print $door defined $line ? length($line) . "\n$line" : "end\n";
  } elsif ($verb eq "exit") {
    exit $value;
  } elsif ($verb eq "exec") {
    # The rest of the words, in a namespace with a /proc/sys of its own.
    $ENV{STAND_IN_NETNS} = $ARGV[$value - 1];
    exec "unshare", "--mount", "/bin/sh", "-c", 'mount --bind "$0" /proc/sys && exec "$@"', $folder,
      @ARGV[$value .. $#ARGV];
  }
}
kill KILL => $$;

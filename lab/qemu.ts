import { existsSync } from "node:fs";
import { bootWords, type Kernel } from "./kernel";
import { must } from "./process";

const MEMORY_MB = 256;
const PROGRAM = "/usr/bin/qemu-system-x86_64";

/**
 * qemu is the kernel that Debian has for machines in clouds, on a processor that QEMU imitates in software. A /dev/kvm that
 * is there may be one that QEMU can do nothing with, and imitation does everywhere.
 */
export const qemu: Kernel = {
  recipe: "stock",
  bootSeconds: 240,

  installed() {
    if (!existsSync(PROGRAM)) {
      throw new Error(
        "QEMU is not installed: `make setup` installs it and all else in lab/stock-packages.txt",
      );
    }
    return "linux-image-cloud-amd64";
  },

  async makeDisk(folder) {
    const above = ["-b", "image/disk.img", "-F", "raw", "disk.qcow2"];
    await must(["qemu-img", "create", "-q", "-f", "qcow2", ...above], { cwd: folder });
  },

  start: (guest, _folder, { log, input, output }) => ({
    argv: [
      PROGRAM,
      ...["-nodefaults", "-no-user-config", "-display", "none"],
      ...["-machine", "q35", "-accel", "tcg,tb-size=256", "-cpu", "qemu64", "-m", `${MEMORY_MB}M`],
      ...["-kernel", "image/vmlinuz", "-append", commandLine(bootWords(guest))],
      // The kernel has no other driver for a disk built in.
      ...["-drive", "if=none,id=disk,file=disk.qcow2", "-device", "nvme,drive=disk,serial=disk"],
      ...["-drive", "if=none,id=files,file=files.tar,format=raw,readonly=on"],
      ...["-device", "virtio-blk-pci,drive=files"],
      ...["-netdev", `tap,id=link,ifname=${guest.tap},script=no,downscript=no`],
      // The machine computes checksums and cuts segments itself, so that captures show packets as they would be on a wire.
      ...["-device", `virtio-net-pci,netdev=link,mac=${guest.mac},romfile=,${OFFLOADS}`],
      ...["-chardev", "file,id=console,path=console.log,append=on", "-serial", "chardev:console"],
      ...["-chardev", "stdio,id=control,signal=off", "-serial", "chardev:control"],
    ],
    stdio: [input, output, log],
    env: process.env,
  }),
};

const OFFLOADS = ["csum", "gso", "guest_csum", "guest_tso4", "guest_tso6", "guest_ufo", "guest_ecn"]
  .map((feature) => `${feature}=off`)
  .join(",");

const commandLine = (words: readonly string[]) =>
  [
    ...["root=/dev/nvme0n1", "rootwait", "rw", "console=ttyS0", "quiet", "mitigations=off"],
    // The network card is eth0, as under User-mode Linux.
    "net.ifnames=0",
    // A newer systemd would offer sshd to the outer machine on sockets of its own as well.
    "systemd.ssh_auto=no",
    ...words,
  ].join(" ");

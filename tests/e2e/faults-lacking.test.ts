import { Lab } from "../../lab/lab";
import { Calls } from "../support/calls";
import { ADD, Trial, TUNNEL } from "../support/trial";

/** What a host lacks: what is said of it, and that its lack is never taken for that of an object. */

describe("a host that lacks what it needs", () => {
  let lab: Lab;
  let trial: Trial;

  beforeAll(async () => {
    lab = await Lab.start({ hosts: ["machine"] });
    trial = new Trial(lab.host("machine"));
    await trial.run("modprobe ipip");
  });
  beforeEach(() => trial.begin());
  afterEach(() => trial.end());
  afterAll(() => lab?.stop());

  describe("without the right ip", () => {
    /** Ends the provider's sessions, so that the next call opens one; the lab's own stays. */
    const hangUp = () =>
      trial.run(
        "for s in $(pgrep -f 'sshd: root@notty'); do pgrep -P $s -x sh >/dev/null && kill $s; done; true",
      );

    /** A session that is opened meanwhile finds another program before the real ip on its PATH. */
    async function instead<T>(text: string, work: () => Promise<T>): Promise<T> {
      const install = `printf '%s\\n' '#!/bin/sh' '${text}' >/usr/local/sbin/ip; chmod 755 /usr/local/sbin/ip`;
      await hangUp();
      return await trial.amid(install, "rm /usr/local/sbin/ip", work);
    }

    test("a host without iproute2 says which package to install", async () => {
      const made = await trial.create(TUNNEL);
      const [missing, anew] = await trial.amid(
        "mv /bin/ip /bin/ip.away",
        "mv /bin/ip.away /bin/ip",
        async () => {
          const missing = await trial.refusal(trial.calls.read(made));
          await hangUp();
          return [missing, await trial.refusal(trial.calls.read(made))];
        },
      );
      expect(missing).toEqual([
        "`ip -json -details address show` failed with exit code N",
        expect.stringMatching(/^ {2}\/bin\/sh: \d+: ip: not found$/),
        "iproute2 is not installed on the host: `apt install iproute2` or `dnf install iproute`.",
      ]);
      expect(anew).toEqual([
        `iproute2 is not installed`,
        "Install it on 127.0.0.1: `apt install iproute2` or `dnf install iproute`.",
      ]);
      expect(await trial.calls.read(made)).toMatchObject({ name: "t1" });
      await trial.calls.delete(made);
    });

    test("an ip that can't print JSON is named, and which one is needed", async () => {
      const message = await instead('echo "BusyBox v1.36.1 multi-call binary." >&2; exit 1', () =>
        trial.refusal(trial.create(TUNNEL)),
      );
      expect(message).toEqual([
        `/usr/local/sbin/ip is too old, or is not iproute2's: BusyBox v1.36.1 multi-call binary.`,
        "iproute2 5.3 or newer is needed, for `ip -json -Numeric`; BusyBox's own ip can't do that.",
      ]);
      await trial.works(TUNNEL);
    });

    const UNREADABLE = "`ip -json -details address show` succeeded, but its answer can't be read";
    test.each([
      [
        "is cut short",
        '/bin/ip "$@" | sed -u s/,.*//',
        UNREADABLE,
        /^This is not what iproute2 prints: .*JSON/,
      ],
      [
        "is of another form",
        '/bin/ip "$@" | sed -u s/ifname/name/g',
        UNREADABLE,
        /^This is not what iproute2 prints: .*/,
      ],
      [
        "fails",
        'echo "Cannot send dump request: No buffer space available" >&2; exit 1',
        "`ip -json -details address show` failed with exit code N",
        /^ {2}Cannot send dump request: No buffer space available$/,
      ],
    ])("a listing that %s is not taken for absence", async (_, answer, first, more) => {
      const made = await trial.create(TUNNEL);
      const text = `case "$*" in *-batch* | *address*) ${answer} ;; *) exec /bin/ip "$@" ;; esac`;
      const [read, deleted] = await instead(text, async () => [
        await trial.refusal(trial.calls.read(made)),
        await trial.refusal(trial.calls.delete(made)),
      ]);
      expect(read).toEqual(expect.arrayContaining([first, expect.stringMatching(more)]));
      expect(deleted).toEqual(read);
      await trial.calls.delete(made);
    });
  });

  describe("without the kernel's module", () => {
    const FILE = "/lib/modules/$(uname -r)/kernel/net/ipv4/ipip.ko";
    const CONF = "/etc/modprobe.d/fault.conf";
    const LACKS = "The kernel seems to lack its module ipip, and `modprobe ipip` could not load it:";
    const OTHERWISE =
      "After an upgrade of the kernel, reboot. Otherwise install its other modules: linux-modules-extra-$(uname -r) on " +
      "Ubuntu, kernel-modules-extra on Fedora, the stock linux-image instead of a cut-down one on Debian; " +
      "a kernel of your own needs CONFIG_NET_IPIP.";
    const DECLINED = `\`${ADD}\` failed with exit code N`;
    const unknown = [DECLINED, "  Error: Unknown device type."];
    const refusal = () => trial.refusal(trial.create(TUNNEL));

    beforeEach(() => trial.run("rmmod ipip"));
    afterEach(() => trial.run("modprobe ipip"));

    test("one that is there, and that the kernel does not load by itself, is loaded", async () => {
      await trial.amid(`echo blacklist ipip >${CONF}`, `rm ${CONF}`, () => trial.works(TUNNEL));
    });

    test("one whose file is missing is named, with the packages that have it", async () => {
      const message = await trial.amid(
        `mv ${FILE} /root/ && depmod`,
        `mv /root/ipip.ko ${FILE} && depmod`,
        refusal,
      );
      const release = (await trial.run("uname -r")).trim();
      expect(message).toEqual([
        ...unknown,
        `${LACKS} modprobe: FATAL: Module ipip not found in directory /lib/modules/${release}`,
        OTHERWISE,
      ]);
      await trial.works(TUNNEL);
    });

    test("one that is forbidden is told apart from one that is missing", async () => {
      const message = await trial.amid(`echo install ipip /bin/false >${CONF}`, `rm ${CONF}`, refusal);
      expect(message).toEqual([
        ...unknown,
        expect.stringMatching(
          /^The kernel seems to lack its module ipip, and `modprobe ipip` could not load it: modprobe: ERROR: .*Error running install command '\/bin\/false' for module ipip: retcode 1$/,
        ),
        "modprobe: ERROR: could not insert 'ipip': Invalid argument",
        "A line of /etc/modprobe.d on the host forbids it: `grep -r install /etc/modprobe.d`.",
      ]);
      await trial.works(TUNNEL);
    });

    test("a host without modprobe is told apart from one without the module", async () => {
      const away = "/sbin/modprobe.away";
      const message = await trial.amid(`mv /sbin/modprobe ${away}`, `mv ${away} /sbin/modprobe`, refusal);
      expect(message).toEqual([
        ...unknown,
        expect.stringMatching(/could not load it: \/bin\/sh: \d+: modprobe: not found$/),
        "Install kmod, the package that modprobe is in.",
      ]);
      await trial.works(TUNNEL);
    });

    test("a user who may load no module is told of the right, not of the module", async () => {
      const plain = new Calls({ ...trial.calls.connection, user: "ops" });
      expect(await trial.refusal(plain.create("IpipTunnel", TUNNEL))).toEqual([
        DECLINED,
        "  RTNETLINK answers: Operation not permitted",
        "Changing the network needs CAP_NET_ADMIN: log in as root, or set connection.become to use sudo or doas.",
      ]);
    });
  });

  describe("without nftables", () => {
    const CLAMP = { dev: "eth0", mark: TUNNEL.mark };
    const refusal = () => trial.refusal(trial.create(CLAMP, "MssClamp"));

    test("a host without nft says which package to install", async () => {
      const away = "/usr/sbin/nft.away";
      const message = await trial.amid(`mv /usr/sbin/nft ${away}`, `mv ${away} /usr/sbin/nft`, refusal);
      expect(message).toEqual([
        "`nft list tables inet` failed with exit code N",
        expect.stringMatching(/^ {2}\/bin\/sh: \d+: nft: not found$/),
        "nftables is not installed on the host: `apt install nftables` or `dnf install nftables`.",
      ]);
    });

    // That of the lab has nftables for bridges only.
    test("a kernel without the family is told of", async () => {
      const message = await refusal();
      expect(message[0]).toMatch(/^`nft -f - <<< 'create table inet pulumi_ipip_mss_eth0$/);
      expect(message).toContain(
        "  /dev/stdin:1:1-39: Error: Could not process rule: Operation not supported",
      );
      expect(message.at(-1)).toBe(
        "The kernel lacks the family inet of nftables: one of your own needs CONFIG_NF_TABLES_INET.",
      );
    });
  });
});

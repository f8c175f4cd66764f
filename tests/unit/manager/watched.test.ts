import { Watch, Watched } from "../../../provider/manager/watched";
import type { Desired, Fields } from "../../../provider/state";
import { FakeHost } from "../../support/fake-host";
import { CONNECTION, MARK } from "../../support/mini-engine";
import { GROUND, samples } from "../../support/samples";

/** A host whose systemd-networkd sets u0 up. */
const NETWORKD = "runs systemd-network\nnetworkd 2 u0 ether routable configured\n";
const ROUTE = { destination: "10.9.0.0/16", dev: "u0" };

let host: FakeHost;
let warnings: string[];

function watched(type: string): Watched {
  const contract = samples[type]?.contract;
  if (contract === undefined) throw new Error(`there is no sample of ${type}`);
  return new Watched(
    contract,
    () => host,
    new Watch(async (text) => {
      warnings.push(text);
    }),
  );
}

const desired = (service: Watched, inputs: Fields) =>
  service.check({ connection: CONNECTION, mark: MARK, ...inputs }).inputs as Desired;

beforeEach(() => {
  host = new FakeHost();
  host.byHand(...GROUND);
  host.managers = NETWORKD;
  warnings = [];
});

test("who may take something away is said once a host, when it is made", async () => {
  const routes = watched("Route");
  await routes.create(desired(routes, ROUTE));
  await routes.create(desired(routes, { ...ROUTE, destination: "10.8.0.0/16" }));
  expect(warnings).toEqual([
    expect.stringMatching(/^fake: route 10\.9\.0\.0\/16 .* may not stay: systemd-networkd/),
  ]);
});

test("who may have taken something away is said when it is missing, and not of what somebody has changed", async () => {
  const tunnels = watched("IpipTunnel");
  const inputs = { name: "u9", local: "10.0.0.1", remote: "10.0.0.9", addresses: ["10.7.0.1/30"], ttl: 5 };
  const made = await tunnels.create(desired(tunnels, inputs));
  host.managers = NETWORKD.replace("u0", "u9");
  host.byHand("ip link change name u9 type ipip ttl 9");
  await tunnels.read(made.outputs);
  expect(warnings).toEqual([]);
  host.byHand("ip address delete 10.7.0.1/30 dev u9");
  await tunnels.read(made.outputs);
  expect(warnings).toEqual([
    expect.stringContaining("fake: addresses of tunnel u9 may have been taken away"),
  ]);
});

test("an error says who may have undone what was written", async () => {
  const routes = watched("Route");
  const inputs = desired(routes, { ...ROUTE, adopt: true });
  // It takes away what is there by the time that we look.
  const { exchange } = host;
  jest.spyOn(host, "exchange").mockImplementation(async (work) => {
    const outcome = await exchange.call(host, { ...work, queries: [] });
    if (work.steps.length > 0)
      host.tell("ip -4 route delete unicast 10.9.0.0/16 table 254 metric 0 proto 204");
    return { ...outcome, ...(await exchange.call(host, { ...work, steps: [] })) };
  });
  await expect(routes.create(inputs)).rejects.toThrow(
    /it is not there\nsystemd-networkd sets up u0, .*\n.*networkd\.conf\.d.*\n +\[Network\]\n +ManageForeignRoutes=no/,
  );
});

test("nobody is asked about what is in a namespace, and no answer fails nothing", async () => {
  const routes = watched("Route");
  host.managers = "";
  const { exchange } = host;
  const asked = jest.spyOn(host, "exchange").mockImplementation(async (work) => {
    if (work.queries.some(({ argv }) => argv[0] === "sh")) throw new Error("no answer");
    return await exchange.call(host, work);
  });
  await routes.create(desired(routes, { ...ROUTE, namespace: "ns1" }));
  const asking = () =>
    asked.mock.calls.filter(([{ queries }]) => queries.some(({ argv }) => argv[0] === "sh"));
  expect(asking()).toEqual([]);
  await routes.create(desired(routes, ROUTE));
  expect(asking()).toHaveLength(1);
  expect(warnings).toEqual([]);
});

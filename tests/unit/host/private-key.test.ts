import { generateKeyPairSync } from "node:crypto";
import { privateKeyIn } from "../../../provider/host/private-key";

test("a wrong passphrase of a key in PKCS#8 is said to be one, whatever it makes of the key", () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const cipher = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "right" } as const;
  const text = privateKey.export(cipher).toString();
  expect(privateKeyIn(text, "right")).not.toBeInstanceOf(Error);
  const said = Array.from({ length: 1500 }, (_, index) => privateKeyIn(text, `wrong ${index}`));
  expect(new Set(said.map((one) => (one instanceof Error ? one.message : "opened")))).toEqual(
    new Set(["wrong passphrase"]),
  );
});

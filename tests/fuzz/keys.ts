/** Keys made for fuzzing, which open nothing. They are always the same, so that a seed leads to the same inputs. */

export const KEY = {
  private: `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz
c2gtZWQyNTUxOQAAACD7WZ6C6JuoRbtVDxbGmib0icMn3nRkIeH8W4l3aSgb7AAA
AIgt2I8/LdiPPwAAAAtzc2gtZWQyNTUxOQAAACD7WZ6C6JuoRbtVDxbGmib0icMn
3nRkIeH8W4l3aSgb7AAAAEDNRV05R56NofJcIA0IDgCd4LyH1Z1jMefCV/EUD47X
vftZnoLom6hFu1UPFsaaJvSJwyfedGQh4fxbiXdpKBvsAAAAAAECAwQF
-----END OPENSSH PRIVATE KEY-----
`,
  public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPtZnoLom6hFu1UPFsaaJvSJwyfedGQh4fxbiXdpKBvs",
};

/** With the passphrase `secret`. */
export const LOCKED = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAK
WeQ7De8njT4Kdbu5czVkAAAABAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIEaO
xSVxMsJj/IL8ZnyDfomZMmqQ9DuFSkOAQtCYt1OJAAAAkECN418zklRVjxjuDbyZ
OsIVP+54SHNBvoczG/IdFJdEcHYM22drkx30cbfNiNwzCwr4d5yGLwQNj05aCOIe
WiMdmEntG5oqPockjg+c6kAjeiL7URKeX9tP9HJsHbv/C2O5J2SKs8zKR0KGLrmA
ucH+hEp5274wIwCZzgzzJki308VacX1ZYOMw5+tWiui5Sw==
-----END OPENSSH PRIVATE KEY-----
`;

/** OpenSSL's own form. */
export const PKCS8 = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`;

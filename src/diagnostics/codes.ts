/** Every diagnostic code with one sentence. */
export const diagnosticCodes = {
  // The file as a whole.
  'file-too-large': 'The inventory is larger than any cluster needs; it is not read',
  'invalid-encoding': 'The inventory is not UTF-8 text',
  'control-character': 'The inventory holds a character that YAML does not allow',
  'empty-inventory': 'The inventory holds nothing but blanks and comments',

  // YAML.
  'yaml-syntax': 'The text is not valid YAML',
  'yaml-directive':
    'A line that starts with % changes how YAML is read; inventories are YAML 1.2 without directives',
  'yaml-alias': 'Anchors and aliases are not accepted; a reviewer reads every value where it stands',
  'yaml-merge-key': 'The merge key << is not accepted; use roleDefaults for what several hosts share',
  'yaml-tag': 'A tag (!name) asks for a type that an inventory does not have',
  'yaml-key': 'A key is not plain text',
  'multiple-documents': 'An inventory is one YAML document',
  'duplicate-key': 'A map has the same key twice',

  // Shape.
  'unknown-key': 'No such key exists here',
  'missing-key': 'A required key is absent',
  'wrong-type': 'The value has another type than its key wants',
  'missing-value': 'A key has no value',
  'unquoted-version': 'YAML reads an unquoted 1.20 as the number 1.2',
  'out-of-range': 'A number is too small or too large',
  'unknown-value': 'The value is not one of those that its key accepts',
  'wrong-length': 'A list has too few or too many items',

  // Form of single values.
  'invalid-name': 'A name does not have the form that DNS, Kubernetes or the operating system want',
  'invalid-address': 'The text is not an IP address, or not one that a host can have',
  'invalid-cidr': 'The text is not a network in CIDR notation',
  'invalid-range': 'The text is not a range of ports',
  'invalid-path': 'The text is not a path that is safe to use',
  'invalid-url': 'The text is not a URL that is safe to use',
  'invalid-version': 'The text is not a version',
  'invalid-duration': 'The text is not a duration',
  'invalid-label': 'A label does not have the form that Kubernetes wants',
  'invalid-taint': 'A taint does not have the form that Kubernetes wants',
  'invalid-image': 'The text is not an image reference',
  'unsafe-value':
    'The value holds characters that would not survive a systemd unit, an environment file or a shell',
  'invalid-value': 'The value does not have the form that its key wants',

  // Kubernetes versions.
  'unknown-version': 'No such release exists',
  'version-downgrade': 'Bundles of a newer version were rendered for this cluster before',
  'version-skip': 'Control planes go up one minor at a time',
  'version-hardly-known': 'Only a beta of this release has been seen',
  'version-mismatch': 'The value does not go together with the Kubernetes version',

  // Hosts and roles.
  'duplicate-host': 'Two hosts have the same name',
  'duplicate-address': 'An address belongs to two hosts, or twice to one',
  'duplicate-role': 'A host has the same role twice',
  'unused-role': 'The role has nothing to do together with the other settings',
  'missing-role': 'The cluster lacks a role without which it cannot run',
  'single-point-of-failure': 'The loss of one host stops the cluster',
  'weakens-security': 'A setting opens a door that is shut by default',
  'even-member-count': 'An even number of etcd members survives no more failures than one member fewer',
  'no-workers': 'No host runs workloads',

  // Networks.
  'cidr-overlap': 'Two networks, or a network and a host, share addresses',
  'cidr-masked': 'A network is written with host bits set; they are masked',
  'cidr-too-small': 'A network does not hold as many addresses as the cluster needs',
  'cidr-too-large': 'A network is larger than Kubernetes accepts',
  'family-mismatch': 'An address or a network is of another family than the cluster needs here',
  'unlike-segments': 'Hosts may lie in different network segments, and a setting needs them in one',
  'dns-address': 'The address of cluster DNS does not fit the service network',

  // Endpoint and ports.
  'port-conflict': 'Two daemons would listen on the same port',
  'endpoint-unknown': 'The endpoint leads to no control plane of this inventory',

  // Keys that belong together.
  'unused-key': 'The key has no effect together with the other settings',
  'conflicting-values': 'Two values contradict each other',

  // Binaries.
  'missing-binaries': 'The binaries that the bundles are to bring are not there yet',

  // PKI.
  'organization-refused': 'Kubernetes reads organization and common name of a certificate as group and user',
  'unreadable-file': 'A file that the inventory names cannot be read',
  'invalid-pem': 'A file that the inventory names does not hold the certificate or key that is wanted',
  'certificate-refused': 'A certificate or key that the inventory names would not be accepted',
  'certificate-expired': 'A certificate that the inventory names is not valid now, or not for long',
  'key-mismatch': 'A key that the inventory names does not belong to its certificate',
  'exposed-key': 'Others can read a private key that the inventory names',
  'invalid-manifest': 'A manifest that the inventory names is not one that the API server would take',
  'duplicate-object': 'Two manifests describe the same object',
  'wildcard-name': 'A wildcard name in a certificate covers more than the API server',

  // Hardening.
  'waiver-expired': 'A waiver of a hardening check counts no more',
  'waiver-unused': 'A waiver is for a check that does not fail there',

  // Labels, flags and fields of components.
  'duplicate-taint': 'A host has the same taint twice',
  'unknown-flag': 'No version of this binary that is known has this flag',
  'flag-version': 'This Kubernetes version does not have this flag or field: not yet, or no longer',
  'deprecated-value': 'This Kubernetes version calls the value deprecated',
  'flag-deprecated': 'This Kubernetes version has this flag but calls it deprecated',
  'flag-type': 'The flag wants a value of another type',
  'flag-owned': 'hardway sets this flag, field or variable itself, because other files depend on it',
  'unknown-field': 'The configuration file of this component has no such field',
  'unknown-feature-gate': 'The feature gate is not among those known for this Kubernetes version',
} as const;

export type DiagnosticCode = keyof typeof diagnosticCodes;

/**
 * node-forge's ASN.1 module alone: importing all of node-forge costs 30 ms of
 * every start, and nothing else of it is used.
 */
declare module 'node-forge/lib/asn1.js' {
  import { asn1 } from 'node-forge';

  export default asn1;
}

/** The image that the lab's hosts hold, see test/e2e/lab/root.sh: no registry is asked. */

/** Sleeps; for sandboxes. */
export const pauseImage = 'hardway.test/pause:1';
/** The same, by a name for pods: a shell, a web server, a client. */
export const busyboxImage = 'hardway.test/busybox:1';

/** A container that answers on port 8080 with the name of its pod, and ends when it is told to. */
export const webContainer = {
  name: 'web',
  image: busyboxImage,
  imagePullPolicy: 'Never',
  command: [
    'sh',
    '-c',
    'mkdir /www && hostname >/www/index.html; trap exit TERM; httpd -f -p 8080 -h /www & wait',
  ],
  ports: [{ containerPort: 8080 }],
  readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
};

/** A pod of that container, by this name. */
export function webPod(name: string): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [webContainer] } };
}

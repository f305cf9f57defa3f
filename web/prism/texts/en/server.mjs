/** What the server says of runs, by code. Its own text is English, so that there is nothing to say here.
 *
 * @type {Record<string, string | ((values: Record<string, any>) => string)>}
 */

export const server = {};

/** Entry of an archive that says of which instant of the log it is. */
export const instantEntry = 'instant.json';

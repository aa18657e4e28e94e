export { directoryConfig, s3Config, s3Base, type DirectoryConfig, type S3Config } from './config.ts';

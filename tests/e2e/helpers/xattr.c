/* xattr NAME VALUE PATH: writes an extended attribute; without a value ("") it is removed. Says why it could not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	int r;

	if (argc != 4)
		return 2;
	r = *argv[2] ? setxattr(argv[3], argv[1], argv[2], strlen(argv[2]), 0) : removexattr(argv[3], argv[1]);
	if (r < 0)
		printf("%s: %s\n", argv[1], strerror(errno));
	return r < 0;
}

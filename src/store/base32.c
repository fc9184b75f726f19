/* Why: see base32.h. */
#include "store/base32.h"

void base32_encode(const unsigned char *bytes, size_t len, char *ret)
{
	static const char alphabet[] = "0123456789abcdfghijklmnpqrsvwxyz";
	size_t chars = (len * 8 + 4) / 5;

	for (size_t n = 0; n < chars; n++) {
		size_t bit = (chars - 1 - n) * 5, i = bit / 8, shift = bit % 8;
		unsigned value = bytes[i] >> shift;

		if (i + 1 < len)
			value |= (unsigned)bytes[i + 1] << (8 - shift);
		ret[n] = alphabet[value & 31];
	}
	ret[chars] = '\0';
}

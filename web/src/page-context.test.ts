import { beforeEach, describe, expect, it } from 'vitest';
import { metadataFor } from './page-context';

beforeEach(() => {
  document.title = 'Prices';
  document.head.innerHTML = '<title>Prices</title><meta name="description" content="What it costs">';
  document.body.innerHTML = '<h1> All \n prices </h1><h2></h2><h4>Small</h4><h3>Old</h3>';
});

describe('what is told of the page', () => {
  it('is nothing unless the page wants it', () => {
    expect(metadataFor({})).toBeUndefined();
    expect(metadataFor({ page: false })).toBeUndefined();
  });

  it('is its title, address, description and headings', () => {
    expect(metadataFor({ page: true })).toEqual({
      pageContext: {
        title: 'Prices',
        url: location.href,
        description: 'What it costs',
        headings: ['All prices', 'Old'],
      },
    });
  });

  it('has at most twenty headings of 200 characters, and no empty description', () => {
    document.head.innerHTML = '';
    document.body.innerHTML = `<h1>${'x'.repeat(300)}</h1>`.repeat(30);
    const context = metadataFor({ page: true })?.['pageContext'] as { headings: string[] };
    expect(context.headings).toHaveLength(20);
    expect(context.headings[0]).toHaveLength(200);
    expect(context).not.toHaveProperty('description');
  });

  it('can be the page’s own words, and say who the user is', () => {
    const told = { pageContext: { title: 'Mine' }, userInfo: { name: 'Anna' } };
    expect(metadataFor({ page: { title: 'Mine' }, user: { name: 'Anna' } })).toEqual(told);
    expect(metadataFor({ page: () => ({ title: 'Mine' }), user: () => ({ name: 'Anna' }) })).toEqual(told);
  });
});
